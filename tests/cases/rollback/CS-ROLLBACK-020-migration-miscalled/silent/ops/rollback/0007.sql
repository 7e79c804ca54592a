-- DROP COLUMN remark comes with the release after next
ALTER TABLE entries ADD COLUMN note text;
