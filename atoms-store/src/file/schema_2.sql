-- The letters of one event, which is delivered again.
CREATE INDEX atoms_letter_event ON atoms_letter (event);
