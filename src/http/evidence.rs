//! Files that are evidence of a case, for whoever sees all of it. Somebody who was punished sent
//! them: a browser is to save them, and never to open them as a page of ours.

use actions::{ActionError, moderation::FileOf};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use domain::{CaseNumber, GuildId};
use futures::stream;
use schema::{Code, Scope};

use super::{
    doors::{Doors, refuse},
    downloads::{self, refused, troubled},
};

/// Whatever it is: nothing is guessed from what it says of itself.
const KIND: &str = "application/octet-stream";
const MAX_NAME_CHARS: usize = 80;

/// `/g/<guild>/cases/<case>/files/<evidence>/<file>`
pub async fn file(
    State(doors): State<Doors>,
    Path((guild, case, evidence, file)): Path<(u64, u32, u32, u32)>,
    headers: HeaderMap,
) -> Response {
    let who = match doors.reader(&headers, "moderation").await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let Ok(guild) = GuildId::new(guild) else { return no_such() };
    let scope = match Scope::of(&doors.house, who, guild, None).await {
        Ok(Some(scope)) => scope,
        Ok(None) => return no_such(),
        Err(trouble) => return troubled(&trouble),
    };
    let place = match doors.room.place().await {
        Ok(place) => place,
        Err(response) => return response,
    };
    let actions = doors.house.actions.clone();
    let of = FileOf { case: CaseNumber(case), evidence, file };
    let kept = match actions.copy_of_file(guild, scope.caller(), of).await {
        Ok(kept) => kept,
        Err(error) => return refused(error),
    };
    let name = format!("case-{case}-{evidence}-{file}-{}", plain(&kept.name));
    let pieces = stream::try_unfold((actions, kept, 0), |(actions, kept, number)| async move {
        if number >= kept.pieces {
            return Ok::<_, ActionError>(None);
        }
        let piece = actions.piece_of(&kept, number).await?;
        Ok(Some((piece, (actions, kept, number + 1))))
    });
    downloads::send(place, (&name, KIND), pieces)
}

/// Whoever is not there learns no more of it.
fn no_such() -> Response {
    refuse(StatusCode::NOT_FOUND, Code::NotFound.name(), "There is no such case here.")
}

/// Letters, digits and dots: nothing that a header or a file system reads otherwise.
fn plain(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' }
    };
    name.chars().take(MAX_NAME_CHARS).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_name_that_somebody_chose_then_nothing_of_it_ends_the_header() {
        assert_eq!(plain("photo 1.png"), "photo_1.png");
        assert_eq!(plain("a\"; filename=\"b.exe\r\n../ü"), "a___filename__b.exe__..__");
        assert_eq!(plain(&"x".repeat(500)).len(), MAX_NAME_CHARS);
    }
}
