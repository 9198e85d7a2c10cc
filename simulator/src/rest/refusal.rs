//! Discord's refusals: its status, its code and its words, so that a bot meets here what it will
//! meet there.

use std::borrow::Cow;

use serde_json::{Value, json};

/// Why a request was refused, in the shape that goes back to whoever asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: Cow<'static, str>,
    /// What is wrong in which field, where a form was refused.
    pub errors: Option<Value>,
}

impl Refusal {
    const fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message), errors: None }
    }

    /// A form whose fields say themselves what is wrong with them.
    pub fn form(errors: Value) -> Self {
        Self { errors: Some(errors), ..INVALID_FORM_BODY }
    }

    pub fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}

macro_rules! refusals {
    ($($name:ident = $status:literal $code:literal $message:literal;)*) => {
        $(pub const $name: Refusal = Refusal::new($status, $code, $message);)*
    };
}

refusals! {
    // What has no code of its own.
    BAD_REQUEST = 400 0 "400: Bad Request";
    UNAUTHORIZED = 401 0 "401: Unauthorized";
    NOT_FOUND = 404 0 "404: Not Found";
    METHOD_NOT_ALLOWED = 405 0 "405: Method Not Allowed";
    TOO_LARGE = 413 40005 "Request entity too large";
    INTERNAL = 500 0 "500: Internal Server Error";
    BAD_GATEWAY = 502 0 "502: Bad Gateway";
    UNAVAILABLE = 503 0 "503: Service Unavailable";

    // Nothing has this id.
    UNKNOWN_CHANNEL = 404 10003 "Unknown Channel";
    UNKNOWN_GUILD = 404 10004 "Unknown Guild";
    UNKNOWN_MEMBER = 404 10007 "Unknown Member";
    UNKNOWN_MESSAGE = 404 10008 "Unknown Message";
    UNKNOWN_ROLE = 404 10011 "Unknown Role";
    UNKNOWN_EMOJI = 400 10014 "Unknown Emoji";
    UNKNOWN_BAN = 404 10026 "Unknown Ban";
    UNKNOWN_INTERACTION = 404 10062 "Unknown interaction";
    UNKNOWN_VOICE_STATE = 404 10065 "Unknown Voice State";
    UNKNOWN_COMMAND_PERMISSIONS = 404 10066 "Unknown application command permissions";

    NOT_IN_VOICE = 400 40032 "Target user is not connected to voice.";
    RATE_LIMITED = 429 0 "You are being rate limited.";
    NOT_YOUR_APPLICATION = 403 20012 "You are not authorized to perform this action on this application";
    INVALID_ACCESS_TOKEN = 400 50025 "Invalid OAuth2 access token";
    NEEDS_THREAD = 400 220_001 "Webhooks posted to forum channels must have a thread_name or thread_id";
    NOT_A_BOT = 403 20001 "Bots cannot use this endpoint";

    // There are as many as there may be.
    TOO_MANY_COMMANDS = 400 30032 "Maximum number of application commands reached (100)";
    TOO_MANY_COMMAND_CREATES = 400 30034 "Max number of daily application command creates has been reached (200)";

    // It is not allowed.
    MISSING_ACCESS = 403 50001 "Missing Access";
    WRONG_ACCOUNT_TYPE = 403 50002 "Invalid account type";
    NOT_IN_A_DM = 403 50003 "Cannot execute action on a DM channel";
    NOT_THE_AUTHOR = 403 50005 "Cannot edit a message authored by another user";
    EMPTY_MESSAGE = 400 50006 "Cannot send an empty message";
    CLOSED_DMS = 403 50007 "Cannot send messages to this user";
    NOT_A_TEXT_CHANNEL = 400 50008 "Cannot send messages in a non-text channel";
    MISSING_PERMISSIONS = 403 50013 "Missing Permissions";
    BULK_DELETE_COUNT = 400 50016 "You can only delete between 2 and 100 messages at once.";
    WRONG_CHANNEL_TYPE = 400 50024 "Cannot execute action on this channel type";
    MISSING_SCOPE = 403 50026 "Missing required OAuth2 scope";
    INVALID_WEBHOOK_TOKEN = 401 50027 "Invalid Webhook Token";
    INVALID_ROLE = 400 50028 "Invalid Role";
    INVALID_RECIPIENTS = 400 50033 "Invalid Recipient(s)";
    TOO_OLD_TO_BULK_DELETE = 400 50034 "You can only bulk delete messages that are under 14 days old.";
    INVALID_FORM_BODY = 400 50035 "Invalid Form Body";
    THREAD_ARCHIVED = 400 50083 "Thread is archived";
    INVALID_STICKER = 400 50081 "Invalid sticker sent";
    BAD_JSON = 400 50109 "The request body contains invalid JSON.";
    BULK_BAN_FAILED = 400 500_000 "Failed to ban users";

    THREAD_LOCKED = 403 160_005 "Thread is locked";
    NEEDS_READ_HISTORY = 400 160_002 "Cannot reply without permission to read message history";
}

/// What a server says that has failed.
pub fn of_server(status: u16) -> Refusal {
    match status {
        502 => BAD_GATEWAY,
        503 => UNAVAILABLE,
        status => Refusal { status, ..INTERNAL },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_refusal_then_it_speaks_discords_words() {
        assert_eq!(UNKNOWN_CHANNEL.body(), json!({"code": 10003, "message": "Unknown Channel"}));
        let form = Refusal::form(json!({"content": {"_errors": []}}));
        assert_eq!((form.status, form.code), (400, 50035));
        assert_eq!(form.body()["errors"]["content"]["_errors"], json!([]));
    }
}
