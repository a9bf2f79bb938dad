"""Plans another attempt: what is reused, what runs again.

`planning` writes nothing. It reads what all attempts together have left of each event and have changed outside, nested
runs included, and decides per event: reuse its result, resume in the middle of its loop or nested run, or run it again.
What was rolled back since, and what comes behind that, runs again. Each write that happened is listed with how often it
happened. Without an answer it is reused before the start and where it cannot be undone, and else made again. Choices
are checked here for every front door.

What is reused goes into the new run as checkpoints, in the transaction that queues it: the engine knows nothing of
replays, it resumes. A retry starts at the failure and repeats no write of any attempt; a write that was made with
another input is refused rather than reused silently. To make an attempt, lock the oldest run linked to it
(`attempt_lock`): a second attempt is refused while one is unfinished, and a retry once a later one has succeeded. A
nested run of a replay resumes in the same way when it starts (`nested`); what it resumes from is not pruned until then.
"""
