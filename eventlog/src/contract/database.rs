//! A PostgreSQL database of a test's own.

use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};

const VARIABLE: &str = "REEVE_TEST_DATABASE_URL";

/// Created empty, dropped with the value, also when the test panics.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
    /// Another process made it and will drop it.
    borrowed: bool,
}

impl TestDatabase {
    /// None, and a printed word, where no server was given.
    pub async fn create() -> Option<Self> {
        Self::create_with("").await
    }

    /// With more of `CREATE DATABASE`'s options.
    pub async fn create_with(options: &str) -> Option<Self> {
        let Ok(server) = std::env::var(VARIABLE) else {
            println!("skipped: {VARIABLE} is not set; try eval \"$(scripts/services up)\"");
            return None;
        };
        let name = format!("reeve_test_{}", uuid::Uuid::new_v4().simple());
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {options}");
        admin(&server, &create).await.unwrap_or_else(|error| panic!("{create}: {error}"));
        Some(Self { server, name, borrowed: false })
    }

    /// The database of [`TestDatabase::url`], which its maker drops.
    pub fn of_url(url: &str) -> Self {
        let (server, name) = url.rsplit_once('/').expect("a URL ends with the database's name");
        Self { server: format!("{server}/postgres"), name: name.to_owned(), borrowed: true }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL names a database");
        format!("{server}/{}", self.name)
    }

    /// Where the server listens.
    pub fn address(&self) -> String {
        let rest = self.server.split_once("//").map_or(&*self.server, |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or(rest);
        host.rsplit('@').next().unwrap_or(host).to_owned()
    }

    /// The same database at another address.
    pub fn url_at(&self, address: &str) -> String {
        self.url().replacen(&self.address(), address, 1)
    }

    pub fn pool(&self, connections: u32) -> PgPool {
        crate::postgres::pool(&self.url(), connections).expect("the URL that was just used")
    }

    /// Runs a script as the server's administrator, in this database.
    pub async fn administer(&self, script: &str) -> Result<(), sqlx::Error> {
        admin(&self.url(), script).await
    }
}

async fn admin(url: &str, script: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(script.to_owned()))).await?;
    connection.close().await
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.borrowed {
            return;
        }
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A thread of its own: the caller may be on a runtime's.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(admin(&server, &drop)))
        });
        if !matches!(dropping.join(), Ok(Ok(Ok(())))) {
            println!("the test database {} was not dropped", self.name);
        }
    }
}
