"""A notebook with template variables in; the notebook executed, a page and a PDF out."""
