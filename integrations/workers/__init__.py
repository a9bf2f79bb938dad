"""Worker processes: the loop, where its runs come from, and what it does by the clock.

`run_worker` and `celery -A ductape_site worker` run the same `Worker`; only its `Source` differs. `DatabaseSource` is
woken by NOTIFY or SQLite's data version. `BrokerSource` takes the runs that messages name, together with others, and
looks in the table four times a second for those that no message comes for: parked runs whose time has come, runs that
were returned, late messages. `Redelivery` sends again what the broker has lost.

Between runs a worker renews its leases, looks for cancels, fires schedules, carries out bulk operations in slices of
50 ms, and prunes. A database that does not answer is waited for. A worker that the database refuses three times in a
row, such as before the migrations, puts its runs back into the queue and ends.
"""
