-- Which events are taken is known to the process alone that has the file: state 3 is used no more. Who writes posts counts
-- them, once for each commit, and removes the rows that belong to them.
DROP TRIGGER atoms_post_added;
DROP TRIGGER atoms_post_removed;
