"""What the engine asks for, answered from the database: a file for each protocol of `engine/ports.py`.

Each answer is found again by its place (`StepKey.place`), so a resumed run meets the nested run, approval or job that
it had started before.
"""
