CREATE TABLE back.item (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO back.item VALUES (1, 'lamp'), (2, 'table');
