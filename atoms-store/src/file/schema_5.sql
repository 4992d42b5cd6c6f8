-- The name under which an event is listed until it is due, and whom or what it is about.
ALTER TABLE atoms_post ADD COLUMN name TEXT;
ALTER TABLE atoms_post ADD COLUMN about TEXT;
CREATE INDEX atoms_post_name ON atoms_post (name, about, due, number) WHERE state = 0 AND name IS NOT NULL;
