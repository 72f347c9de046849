//! Every limit of entry format 1, in one place, because a limit is part of the format: what lies beyond it is refused
//! with an error and never cut to fit. A truncated record of what somebody did is a false record.

/// Bytes of one canonical entry.
pub const ENTRY_MAX_BYTES: usize = 16 * 1024;

/// Bytes of `metadata` in canonical form, braces included.
pub const METADATA_MAX_BYTES: usize = 2 * 1024;

/// Bytes of a `diff` (canonical JSON text). The diff itself stays outside the entry; its commitment is inside.
pub const DIFF_MAX_BYTES: usize = 4 * 1024;

/// Bytes (UTF-8) of any other value that is committed to.
pub const PERSONAL_VALUE_MAX_BYTES: usize = 4 * 1024;

/// Fields that one entry commits to.
pub const PERSONAL_FIELDS_MAX: usize = 32;

/// Nested objects and arrays, the outermost counted as 1: of an entry (so `metadata` itself is 2) and of a diff.
pub const DEPTH_MAX: usize = 16;

/// Bytes of a category, an entity type, or the name of a committed field.
pub const NAME_MAX_BYTES: usize = 64;

/// Bytes of an action.
pub const ACTION_MAX_BYTES: usize = 128;

/// Bytes of an entity's id.
pub const ENTITY_ID_MAX_BYTES: usize = 128;

/// Bytes of a request id.
pub const REQUEST_ID_MAX_BYTES: usize = 64;

/// Bytes of a key in `metadata`, at any depth.
pub const METADATA_KEY_MAX_BYTES: usize = 64;

/// The largest magnitude of an integer: 2^53 - 1, beyond which RFC 8785 (numbers are IEEE doubles) cannot tell two
/// integers apart. Larger ones are written as strings.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// How many of the last event ids of a chain the verifier remembers to notice one that is chained twice. Bounded, so
/// that verifying a long chain needs no memory; twice the largest batch that is sequenced at once.
pub const REPEAT_WINDOW_EVENTS: usize = 4_096;

/// Keys that a writer refuses in `metadata` at any depth: they name what people type or what identifies them, and such
/// values belong into committed fields, since an entry can never be erased. A reader does not check this, so that the
/// list may grow.
pub const PERSONAL_KEYS: [&str; 16] = [
    "address",
    "diff",
    "display_name",
    "email",
    "full_name",
    "ip",
    "message",
    "name",
    "note",
    "notes",
    "phone",
    "reason",
    "summary",
    "title",
    "user_agent",
    "username",
];
