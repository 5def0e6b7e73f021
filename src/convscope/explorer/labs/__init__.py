"""The labs of the lessons: what each works on, taken from the atlas."""
