ALTER TABLE entries ADD COLUMN note text;
ALTER TABLE entries DROP COLUMN remark;
