-- What a program and its users may have in the same file is not touched: all names begin with `atoms_`.

CREATE TABLE atoms_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO atoms_counter VALUES ('place', 0), ('letter', 0), ('dropped', 0), ('ended', 0), ('inbox', 0);

-- How much there is of each kind: posts of priority 0 to 2, delayed posts, letters, open questions, ended questions.
CREATE TABLE atoms_load (room INTEGER PRIMARY KEY, number INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO atoms_load VALUES (0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0);

-- A posted event that is not done. `state`: 0 not due, 1 ready, 2 waits for the one of its key before it, 3 taken,
-- 4 cannot be read. `place` is the order of admission. What is large, and what changes for each handler, is elsewhere:
-- an update writes the whole row.
CREATE TABLE atoms_post (
    number INTEGER PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    key BLOB,
    priority INTEGER NOT NULL,
    room INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    due INTEGER,
    place INTEGER,
    state INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX atoms_post_due ON atoms_post (due, number) WHERE state = 0;
CREATE INDEX atoms_post_line ON atoms_post (priority DESC, place) WHERE state = 1;
CREATE INDEX atoms_post_key ON atoms_post (key, place) WHERE key IS NOT NULL AND place IS NOT NULL;
CREATE INDEX atoms_post_begun ON atoms_post (state) WHERE state > 2;

CREATE TABLE atoms_frame (post INTEGER PRIMARY KEY, frame BLOB NOT NULL);

-- The unit of work: one handler of one event.
CREATE TABLE atoms_delivery (
    post INTEGER NOT NULL,
    place INTEGER NOT NULL,
    handler TEXT NOT NULL,
    PRIMARY KEY (post, place)
) WITHOUT ROWID;

CREATE TRIGGER atoms_post_added AFTER INSERT ON atoms_post BEGIN
    UPDATE atoms_load SET number = number + 1, bytes = bytes + NEW.bytes WHERE room = NEW.room;
END;
CREATE TRIGGER atoms_post_removed AFTER DELETE ON atoms_post BEGIN
    UPDATE atoms_load SET number = number - 1, bytes = bytes - OLD.bytes WHERE room = OLD.room;
    DELETE FROM atoms_frame WHERE post = OLD.number;
    DELETE FROM atoms_delivery WHERE post = OLD.number;
END;

-- Which handlers are done with which events in a transaction of their own, in the order in which they were.
CREATE TABLE atoms_inbox (
    number INTEGER PRIMARY KEY,
    handler TEXT NOT NULL,
    event TEXT NOT NULL,
    UNIQUE (handler, event)
);

CREATE TABLE atoms_letter (
    number INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    cause TEXT NOT NULL,
    frame BLOB NOT NULL
);
CREATE TRIGGER atoms_letter_added AFTER INSERT ON atoms_letter BEGIN
    UPDATE atoms_load SET number = number + 1, bytes = bytes + NEW.bytes WHERE room = 4;
END;
CREATE TRIGGER atoms_letter_removed AFTER DELETE ON atoms_letter BEGIN
    UPDATE atoms_load SET number = number - 1, bytes = bytes - OLD.bytes WHERE room = 4;
END;

-- `ended` is the order in which questions have ended; NULL while one is open.
CREATE TABLE atoms_question (
    id TEXT NOT NULL UNIQUE,
    name TEXT,
    deadline INTEGER,
    ended INTEGER,
    bytes INTEGER NOT NULL,
    json TEXT NOT NULL,
    frames BLOB NOT NULL
);
CREATE INDEX atoms_question_open ON atoms_question (id) WHERE ended IS NULL;
CREATE UNIQUE INDEX atoms_question_name ON atoms_question (name) WHERE ended IS NULL AND name IS NOT NULL;
CREATE INDEX atoms_question_deadline ON atoms_question (deadline, id) WHERE ended IS NULL AND deadline IS NOT NULL;
CREATE INDEX atoms_question_ended ON atoms_question (ended) WHERE ended IS NOT NULL;
CREATE TRIGGER atoms_question_opened AFTER INSERT ON atoms_question BEGIN
    UPDATE atoms_load SET number = number + 1, bytes = bytes + NEW.bytes WHERE room = 5;
END;
CREATE TRIGGER atoms_question_has_ended AFTER UPDATE OF ended ON atoms_question BEGIN
    UPDATE atoms_load SET number = number - 1, bytes = bytes - OLD.bytes WHERE room = 5;
    UPDATE atoms_load SET number = number + 1, bytes = bytes + NEW.bytes WHERE room = 6;
END;
CREATE TRIGGER atoms_question_removed AFTER DELETE ON atoms_question BEGIN
    UPDATE atoms_load SET number = number - 1, bytes = bytes - OLD.bytes
    WHERE room = CASE WHEN OLD.ended IS NULL THEN 5 ELSE 6 END;
END;
