"""Whether the tests notice when the code is wrong: `python -m tests.mutation.run`."""
