# Why a spreadsheet, or one row of it, was not imported.
import-file-empty = The file is empty. Its first line must name the columns.
import-file-utf16 = The file is not UTF-8 but UTF-16. In Excel, save it as “CSV UTF-8 (Comma delimited)”, then import it again.
import-file-not-utf8 = { $row ->
    [0] The heading is not UTF-8 text. In Excel, save the file as “CSV UTF-8 (Comma delimited)”, then import it again.
   *[other] Row { $row } is not UTF-8 text. In Excel, save the file as “CSV UTF-8 (Comma delimited)”, then import it again.
}
import-file-workbook = This is a workbook, not a CSV file. In Excel, save it as “CSV UTF-8 (Comma delimited)”, then import that file.
import-file-heading-too-long = The first line does not end. It must name the columns, parted by commas, semicolons or tabs.
import-file-too-long = The file has more than { $max } MiB. Import it in parts.
import-file-unreadable = The file could not be read to its end. Send it again.
import-column-unnamed = Column { $position } has no name. Name it in the first line, or remove it.
import-column-twice = The column { $column } stands twice in the first line.
import-column-missing = { $count ->
    [one] The column { $columns } is missing.
   *[other] These columns are missing: { $columns }.
}
import-column-unknown = { $count ->
    [one] The column { $columns } is unknown. Remove it, or correct its name.
   *[other] These columns are unknown: { $columns }. Remove them, or correct their names.
}
import-cell-too-long = A cell of row { $row } has more than { $max } KiB. Perhaps a quotation mark is not closed.
import-row-too-long = Row { $row } has more than { $max } KiB. Perhaps a quotation mark is not closed.
import-quote-unclosed = The file ends inside the quotation marks that begin in row { $row }. Close them there.
import-too-many-rows = The file has more than { $max } rows. Import it in parts.

import-row-ragged = The row has { $cells } cells, the heading { $columns }.
import-row-misquoted = Something stands behind a closing quotation mark. Write a quotation mark inside a cell twice ("").
import-row-twice = Row { $row } has the same { $column }.
import-cell-formula = A cell that begins with =, +, - or @ could run as a formula in a spreadsheet. Begin with another character.
import-branch-unknown = There is no branch with this code in your organisation.
import-branch-fixed = This is owed by another branch already. An import does not move it.
import-person-unknown = Nobody in your organisation who can sign in has this e-mail address.
import-already-completed = This is completed, and the row says something else about it. Reopen it first, or remove the row.
import-already-waived = This is waived, and the row says something else about it. Reopen it first, or remove the row.
import-changed-meanwhile = Somebody created or changed this at the same moment. Import the row again.
import-busy = Another import of your organisation is still running. Try again when it has ended.
