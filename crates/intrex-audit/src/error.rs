//! Why bytes are not an entry of format 1, or a draft cannot become one. One type for both directions, since whatever a
//! writer must not produce a reader must not accept. The sentences name fields and limits, never a committed value.

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The whole entry is too long.
    #[error(
        "the entry has {size} bytes; at most {} are allowed",
        crate::limits::ENTRY_MAX_BYTES
    )]
    TooLarge {
        /// Its length in bytes.
        size: usize,
    },
    /// Not JSON, or not the members and types of format 1 (a member unknown, missing or twice, a wrong type).
    #[error("the entry is not an object of format 1: {0}")]
    Malformed(String),
    /// The entry announces a format that this program does not know.
    #[error("the entry has format version {0}; this program knows version 1")]
    UnsupportedVersion(u64),
    /// Valid in content, but not byte for byte the canonical form: spacing, order, escapes, a key twice, a null.
    #[error("the entry is not in canonical form (RFC 8785 without absent members)")]
    NotCanonical,
    /// `metadata` is too long.
    #[error(
        "metadata has {size} bytes; at most {} are allowed",
        crate::limits::METADATA_MAX_BYTES
    )]
    MetadataTooLarge {
        /// Its canonical length in bytes.
        size: usize,
    },
    /// Objects and arrays are nested too deeply.
    #[error("{0} is nested deeper than {max} levels", max = crate::limits::DEPTH_MAX)]
    TooDeep(&'static str),
    /// A number that is not an integer.
    #[error("{0} contains a number that is not an integer; write it as a string")]
    Float(&'static str),
    /// An integer that a double cannot hold exactly.
    #[error("{0} contains an integer beyond ±(2^53 - 1); write it as a string")]
    IntegerOutOfRange(&'static str),
    /// The character U+0000 in a metadata string.
    #[error("metadata contains the character U+0000")]
    Nul,
    /// A key of `metadata` that is empty, too long or has other characters.
    #[error("the metadata key {0:?} is not 1 to 64 characters of A-Z a-z 0-9 _ . : -")]
    MetadataKey(String),
    /// A key was given to the draft twice.
    #[error("the metadata key {0:?} was given twice")]
    DuplicateKey(String),
    /// A key that names personal data, which belongs into a committed field.
    #[error(
        "the metadata key {0:?} names personal or free text; commit to it as a personal field instead"
    )]
    PersonalKey(String),
    /// A name of the header does not have its grammar.
    #[error("{member} does not match its grammar: {grammar}")]
    Name {
        /// The member of the entry.
        member: &'static str,
        /// The grammar in words.
        grammar: &'static str,
    },
    /// The name of a committed field does not have its grammar.
    #[error("the personal field name {0:?} is not a lower-case letter and up to 63 of a-z 0-9 _")]
    FieldName(String),
    /// A field was committed to twice.
    #[error("the personal field {0:?} was given twice")]
    DuplicateField(String),
    /// Too many committed fields.
    #[error(
        "{count} personal fields; at most {} are allowed",
        crate::limits::PERSONAL_FIELDS_MAX
    )]
    TooManyFields {
        /// How many there are.
        count: usize,
    },
    /// A committed value is too long.
    #[error("the personal field {field:?} has {size} bytes; at most {limit} are allowed")]
    ValueTooLarge {
        /// The field.
        field: String,
        /// The length of its value in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The `diff` is not a JSON object in canonical form.
    #[error("the diff is not a JSON object in canonical form (RFC 8785)")]
    DiffNotCanonical,
    /// A salt of zeros, or one salt for two fields: whoever learns one value could then guess the other.
    #[error("the salt of the personal field {0:?} is all zeros or used for another field too")]
    Salt(String),
    /// `id` is not a version 7 UUID.
    #[error("the event id is not a version 7 UUID")]
    EventId,
    /// A nil UUID where an absent member is meant.
    #[error("{0} is the nil UUID; leave it out instead")]
    NilId(&'static str),
    /// The actor's kind and ids do not fit each other.
    #[error("the actor does not fit its kind: {0}")]
    Actor(&'static str),
    /// `recorded_at` is not an instant of format 1.
    #[error(
        "recorded_at is not of the form YYYY-MM-DDThh:mm:ss.ffffffZ between the years 1970 and 9999"
    )]
    Time,
    /// `partition` is not the month of `recorded_at`.
    #[error("partition is {found}, but recorded_at lies in {expected}")]
    Partition {
        /// The month of `recorded_at` as yyyymm.
        expected: u32,
        /// What the entry says.
        found: u32,
    },
}
