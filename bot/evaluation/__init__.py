"""`triagebot eval`: scenarios played against a StepModel, and what it made of them."""
