ALTER TABLE back.item ADD COLUMN price numeric(12, 2) NOT NULL DEFAULT 1;
