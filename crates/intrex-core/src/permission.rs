//! Who may do what: the whole policy as one table. A role that a permission's row does not name may not. The snapshot
//! `docs/permissions.md` is made from it, for readers who do not read code.

/// The three roles of the product. There is no fourth.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// The whole tenant.
    HeadOfficeAdmin,
    /// The assigned branches.
    BranchManager,
    /// The assigned tasks.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::HeadOfficeAdmin, Role::BranchManager, Role::Operator];

    /// As stored and shown to programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::HeadOfficeAdmin => "head_office_admin",
            Role::BranchManager => "branch_manager",
            Role::Operator => "operator",
        }
    }

    /// The role of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Who asks, as the columns of the table have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// A person or token with this role.
    Role(Role),
    /// Background work of a tenant.
    Worker,
    /// The operator of the installation, at the command line, with a recorded reason.
    Console,
}

impl Column {
    /// The columns in their order.
    pub const ALL: [Column; 5] = [
        Column::Role(Role::HeadOfficeAdmin),
        Column::Role(Role::BranchManager),
        Column::Role(Role::Operator),
        Column::Worker,
        Column::Console,
    ];
}

/// How far a permission reaches for one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Not allowed.
    No,
    /// In the whole tenant.
    Tenant,
    /// In the assigned branches (held by the database's branch policies).
    Branches,
    /// Where the person is owner or deputy (held by the queries, inside the branch policies).
    Tasks,
    /// What belongs to the person alone.
    Own,
}

impl Reach {
    /// As the snapshot shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reach::No => "—",
            Reach::Tenant => "whole organisation",
            Reach::Branches => "own branches",
            Reach::Tasks => "own tasks",
            Reach::Own => "own",
        }
    }
}

macro_rules! permissions {
    ($($name:ident $text:literal $what:literal [$($reach:ident),+]),+ $(,)?) => {
        /// One thing that somebody may be allowed to do, written `slice:act`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Permission {
            $(#[doc = $what] $name),+
        }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &[Permission] = &[$(Permission::$name),+];

            /// As in token scopes and documents.
            pub fn as_str(self) -> &'static str {
                match self { $(Permission::$name => $text),+ }
            }

            /// What it allows, in words.
            pub fn description(self) -> &'static str {
                match self { $(Permission::$name => $what),+ }
            }

            /// One cell for each of [`Column::ALL`].
            fn row(self) -> [Reach; 5] {
                match self { $(Permission::$name => [$(Reach::$reach),+]),+ }
            }
        }
    };
}

permissions! {
    //                                                                                        admin     manager   operator worker  console
    TenantRead        "tenant:read"        "See the organisation's name and settings"        [Tenant,   Tenant,   Tenant,  Tenant, Tenant],
    TenantWrite       "tenant:write"       "Create and change organisations"                 [No,       No,       No,      No,     Tenant],
    TenantSettings    "tenant:settings"    "Change the organisation's name, time zone, lead days and session limits, and who may hold recovery codes" [Tenant, No, No, No, Tenant],
    TenantDelete      "tenant:delete"      "Delete the organisation for good, and cancel that" [Tenant, No,      No,      Tenant, Tenant],
    TenantExport      "tenant:export"      "Write out the organisation's whole register and log" [No,    No,       No,      No,     Tenant],
    BranchesRead      "branches:read"      "See branches"                                    [Tenant,   Branches, Branches, Tenant, Tenant],
    BranchesWrite     "branches:write"     "Create, change and close branches"               [Tenant,   No,       No,      No,     Tenant],
    PeopleRead        "people:read"        "See people, their roles and branches"            [Tenant,   Branches, No,      Tenant, Tenant],
    PeopleWrite       "people:write"       "Invite people, change roles and branches, disable" [Tenant, Branches, No,      No,     Tenant],
    PeopleCredentials "people:credentials" "Reset second factors, end locks, require other passwords" [Tenant, No, No,     No,     Tenant],
    PeopleDelete      "people:delete"      "Delete people for good"                          [Tenant,   No,       No,      No,     Tenant],
    PeopleImport      "people:import"      "Import people with the password hashes of another system" [No, No,      No,      No,     Tenant],
    AccessReviews     "access-reviews:manage" "Begin, decide and finish access reviews, and read their results" [Tenant, No, No,  No,     Tenant],
    AccessUpkeep      "access:upkeep"      "Begin access reviews when they are due; report and disable dormant accounts" [No, No, No, Tenant, No],
    TokensRead        "tokens:read"        "See API tokens (never their text)"               [Own,      Own,      Own,     No,     Tenant],
    TokensWrite       "tokens:write"       "Create and revoke API tokens"                    [Own,      Own,      Own,     No,     Tenant],
    SessionsOwn       "sessions:own"       "Sign in and out, enrol a second factor"          [Own,      Own,      Own,     No,     No],
    SessionsManage    "sessions:manage"    "See and end the sessions of others"              [Tenant,   No,       No,      No,     Tenant],
    AccountOwn        "account:own"        "Change one's own password and e-mail address"    [Own,      Own,      Own,     No,     No],
    OidcManage        "oidc:manage"        "Configure sign-in by the organisation's own identity provider" [Tenant, No, No, No,     Tenant],
    OidcUpkeep        "oidc:upkeep"        "Look again every day whether domains are still proven" [No, No, No, Tenant, No],
    JurisdictionsRead "jurisdictions:read" "See places, their weekends and holidays"        [Tenant,   Tenant,   Tenant,  Tenant, Tenant],
    JurisdictionsWrite "jurisdictions:write" "Create, change and remove places, their weekends and holidays" [Tenant, No, No, No, Tenant],
    TemplatesRead     "templates:read"     "See obligation templates"                        [Tenant,   Tenant,   Tenant,  Tenant, Tenant],
    TemplatesWrite    "templates:write"    "Create, change and remove obligation templates"  [Tenant,   No,       No,      No,     Tenant],
    ObligationsRead   "obligations:read"   "See obligations and their timeline"              [Tenant,   Branches, Tasks,   Tenant, Tenant],
    ObligationsCreate "obligations:create" "Create obligations"                              [Tenant,   Branches, No,      No,     Tenant],
    ObligationsUpdate "obligations:update" "Change, reschedule, assign and reopen obligations" [Tenant, Branches, No,      No,     Tenant],
    ObligationsComplete "obligations:complete" "Mark obligations as completed"               [Tenant,   Branches, Tasks,   No,     No],
    ObligationsWaive  "obligations:waive"  "Waive obligations, with a reason"                [Tenant,   Branches, No,      No,     No],
    ImportsRead       "imports:read"       "See what imports changed"                        [Tenant,   No,       No,      No,     Tenant],
    ImportsWrite      "imports:write"      "Import spreadsheets"                             [Tenant,   No,       No,      No,     Tenant],
    NotificationsRead "notifications:read" "Read one's inbox and mark messages as read"      [Own,      Own,      Own,     No,     No],
    RemindersAnswer   "reminders:answer"   "Acknowledge and snooze reminders, for oneself"   [Tenant,   Branches, Tasks,   No,     No],
    ConnectorsRead    "connectors:read"   "See connectors and whether they work (never their secrets)" [Tenant, No, No,    Tenant, Tenant],
    ConnectorsManage  "connectors:manage" "Create, change, verify, test, disable and remove connectors" [Tenant, No, No, No,   Tenant],
    ConnectorsUpkeep  "connectors:upkeep" "Send by connectors, record how they do, finish changes of signing secrets" [No, No, No, Tenant, No],
    DeliveriesRead    "deliveries:read"   "See what was sent to whom, over what, and what became of each attempt" [Tenant, Branches, No, Tenant, Tenant],
    DeliveriesManage  "deliveries:manage" "Send again what could not be delivered"          [Tenant,   No,       No,      No,     Tenant],
    DeliveriesSend    "deliveries:send"   "Send deliveries and record what became of them"  [No,       No,       No,      Tenant, No],
    RoutesRead        "routes:read"       "See by which way who is told of what"            [Tenant,   No,       No,      Tenant, Tenant],
    RoutesManage      "routes:manage"     "Create, change, preview and remove routes"       [Tenant,   No,       No,      No,     Tenant],
    PreferencesOwn    "preferences:own"   "See and change what one is not told outside of Intrex" [Own,    Own,      Own,     No,     No],
    RemindersRun      "reminders:run"      "Plan and send reminders"                         [No,       No,       No,      Tenant, No],
    AccountMailSend   "account-mail:send"  "Send mail about accounts"                        [No,       No,       No,      Tenant, No],
    AuditRead         "audit:read"         "Read the audit log"                              [Tenant,   Branches, No,      Tenant, Tenant],
    AuditReveal       "audit:reveal"       "See addresses and devices in the audit log, with a reason" [Tenant, No,  No,      No,     Tenant],
    AuditVerify       "audit:verify"       "Verify the audit log's chain"                    [Tenant,   No,       No,      Tenant, Tenant],
    HealthRead        "health:read"        "See whether background work goes on"             [Tenant,   No,       No,      No,     Tenant],
    KeysRotate        "keys:rotate"        "Seal anew what a previous key has sealed"        [No,       No,       No,      No,     Tenant],
    SecurityRead      "security:read"      "See security events and from when on they are told" [Tenant, No,  No,      Tenant, Tenant],
    SecurityWrite     "security:write"     "Acknowledge security events and change their thresholds" [Tenant, No, No,   No,     Tenant],
    Housekeeping      "housekeeping:run"   "Remove what has expired"                         [No,       No,       No,      Tenant, No],
}

impl Permission {
    /// The permission of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Permission::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == text)
    }

    /// How far it reaches for who asks.
    pub fn reach(self, column: Column) -> Reach {
        let at = Column::ALL.iter().position(|c| *c == column).unwrap_or(0);
        self.row()[at]
    }
}

/// The table as a Markdown document for people who decide about access.
pub fn snapshot() -> String {
    let mut out = String::from(
        "# Who may do what\n\nMade from `crates/intrex-core/src/permission.rs`; a test compares them. \
         \"own branches\" is held by the database's row policies, \"own tasks\" means owner or deputy.\n\n\
         | permission | what | head office admin | branch manager | operator | background work | operator's console |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for permission in Permission::ALL {
        out += &format!(
            "| `{}` | {} |",
            permission.as_str(),
            permission.description()
        );
        for reach in permission.row() {
            out += &format!(" {} |", reach.as_str());
        }
        out += "\n";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_shows_the_table_in_force() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let written =
            std::fs::read_to_string(format!("{root}/docs/permissions.md")).unwrap_or_default();
        if written != snapshot() {
            let new = format!("{root}/target/permissions.md");
            std::fs::create_dir_all(format!("{root}/target"))
                .expect("the target directory can be made");
            std::fs::write(&new, snapshot()).expect("the target directory is writable");
            panic!(
                "docs/permissions.md is not the table in force; the new one is in target/permissions.md: read it, then copy it"
            );
        }
    }

    #[test]
    fn names_are_unique_and_parse_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
    }
}
