"""Decides who executes which run, and keeps it theirs: claims, leases, fair share.

- A claim is a conditional UPDATE that raises the run's fence and sets a lease; a lower fence's writes are refused.
  Leases go by the database's clock. A lapsed lease returns the run to the queue and counts a crash.
- Fair share: the queue is read bucket by bucket, a bucket being the runs of one integration with the same lane and
  priority, so that the cost of a claim does not grow with the queue. The next run is one of the integration with the
  fewest running; priority orders an integration's own runs.
- Crash isolation: a run that has lost two workers is probed by a worker that has no other run, so that no run is
  quarantined for what another one did.
- Holds: no run begins in an inactive environment, and no retry of a job in a frozen one. Such runs keep their place and
  are passed over, so nothing has to be released afterwards. Once a second each process asks whether any environment is
  inactive or frozen; only then does a claim look at the environments of its runs.
"""
