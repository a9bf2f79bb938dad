"""Limits starts and calls: lanes, deduplication, the queue's cap, rate budgets and circuits.

- Lanes: the runs of a feature with limits queue in a lane of their own for each environment. A claim locks the lane's
  row first, so the limit is exact. Runs without limits have no lane and pay nothing. The limits are those of the latest
  start.
- Deduplication: a start locks the row of its key. The window begins with the run that was started, however it ends.
- Queue cap: counted once a second in each process.
- Rate budgets and circuits, of an app environment: each call of an action passes both. A place in the budget is taken
  at once, and the run parks until it comes; the place is kept for a run that comes late, as long as at most one burst
  too many is sent. Circuits are counted in memory and merged once a second, and at once when that opens or closes one.
  While one call probes, the runs of others park.
"""
