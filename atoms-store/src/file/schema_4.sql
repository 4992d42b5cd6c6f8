-- What has happened, the newest with the highest number. `runs` are the ids of the run that an event belongs to, and of those
-- above it. What an event is asked for by comes before what is large.
INSERT INTO atoms_load VALUES (7, 0, 0);
CREATE TABLE atoms_history (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    source TEXT,
    session TEXT,
    correlation TEXT,
    runs TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    json TEXT NOT NULL
);
CREATE TRIGGER atoms_history_added AFTER INSERT ON atoms_history BEGIN
    UPDATE atoms_load SET number = number + 1, bytes = bytes + NEW.bytes WHERE room = 7;
END;
CREATE TRIGGER atoms_history_removed AFTER DELETE ON atoms_history BEGIN
    UPDATE atoms_load SET number = number - 1, bytes = bytes - OLD.bytes WHERE room = 7;
END;
