-- Both are null where the release before has placed the charge: it goes on as it is, and so do its charges.
ALTER TABLE billing.charges ADD COLUMN cents bigint;
ALTER TABLE billing.charges ADD COLUMN only_of_key text CONSTRAINT charges_only_of_key UNIQUE;
