"""What the engine is worth: its figures beside theory, real AWS Lambda logs and another simulator.

`python -m tests.validation` writes them to VALIDATION.md; `tests/test_validation.py` holds that file to them.
"""
