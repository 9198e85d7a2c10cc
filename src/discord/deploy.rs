//! Tells Discord of our commands, where what it has is not what we have.

use domain::GuildId;
use serde_json::Value as Json;
use twilight_http::{
    Client,
    request::Request,
    response::{Response, marker::EmptyBody},
    routing::Route,
};

use super::{failure::describe, registration::are_the_same};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Deployed {
    pub commands: usize,
    /// Nothing was sent where Discord had exactly these.
    pub changed: bool,
}

/// For every community, or for one alone. With nothing to tell, what is there is removed.
pub async fn deploy(
    http: &Client,
    application: u64,
    guild: Option<GuildId>,
    commands: &[Json],
) -> Result<Deployed, String> {
    let with_localizations = Some(true);
    let asked = guild.map_or(
        Route::GetGlobalCommands { application_id: application, with_localizations },
        |guild| Route::GetGuildCommands {
            application_id: application,
            guild_id: guild.get(),
            with_localizations,
        },
    );
    let request = Request::from_route(&asked);
    let response: Response<EmptyBody> =
        http.request(request).await.map_err(|error| describe(&error))?;
    let body = response.bytes().await.map_err(|_| "the connection failed".to_owned())?;
    let theirs: Vec<Json> = serde_json::from_slice(&body)
        .map_err(|_| "Discord's list of commands cannot be read".to_owned())?;
    let deployed = Deployed { commands: commands.len(), changed: false };
    if are_the_same(commands, &theirs) {
        return Ok(deployed);
    }
    let told = guild.map_or(Route::SetGlobalCommands { application_id: application }, |guild| {
        Route::SetGuildCommands { application_id: application, guild_id: guild.get() }
    });
    // One call for all of them: what did not change keeps its id.
    let request = Request::builder(&told).json(&commands).build();
    let request = request.map_err(|error| describe(&error))?;
    let _: Response<EmptyBody> = http.request(request).await.map_err(|error| describe(&error))?;
    Ok(Deployed { changed: true, ..deployed })
}
