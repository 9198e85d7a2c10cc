//! What we answer, cut to Discord's limits wherever it is made. Nobody is ever pinged by it.

use twilight_model::{
    channel::message::{
        AllowedMentions, Component, Embed, MessageFlags,
        component::{
            ActionRow, Button as WireButton, ButtonStyle, Label, TextInput, TextInputStyle,
        },
        embed::{EmbedField, EmbedFooter, EmbedImage},
    },
    http::{attachment::Attachment, interaction::InteractionResponseData},
};

/// Discord's limits of one embed, and of what we send beside it.
pub const MAX_TITLE: usize = 256;
pub const MAX_BODY: usize = 4_096;
pub const MAX_FIELDS: usize = 25;
pub const MAX_FIELD_NAME: usize = 256;
pub const MAX_FIELD_VALUE: usize = 1_024;
pub const MAX_FOOTER: usize = 2_048;
pub const MAX_EMBED: usize = 6_000;
pub const MAX_LABEL: usize = 80;
/// Of a form's title, and of what stands above a field.
const MAX_FORM_TEXT: usize = 45;
/// Of what is said of a picture to whoever cannot see it.
const MAX_ALT: usize = 1_024;
const BUTTONS_IN_A_ROW: usize = 5;
const ROWS: usize = 5;
/// Far below what Discord takes, and enough for years of a member's history.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// How an answer feels: the colour at its side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
}

impl Tone {
    pub const fn colour(self) -> u32 {
        match self {
            Self::Plain => 0x005b_6ee1,
            Self::Good => 0x0037_946e,
            Self::Bad => 0x00ac_3232,
        }
    }
}

/// An answer. Public unless it is made private.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub private: bool,
    pub tone: Tone,
    pub title: String,
    pub body: String,
    pub fields: Vec<(String, String)>,
    pub footer: String,
    pub buttons: Vec<Button>,
    pub file: Option<File>,
    /// Asks for more, in place of all else.
    pub form: Option<Box<Asking>>,
    /// Takes the place of the message that the button was on, instead of coming below it.
    pub replaces: bool,
}

/// A form that opens: what somebody writes into it comes back as a request of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    pub title: String,
    pub custom_id: String,
    pub questions: Vec<Question>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub name: &'static str,
    pub label: String,
    pub required: bool,
    pub most: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    pub custom_id: String,
    pub style: ButtonStyle,
    pub disabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Of a picture that is shown in the answer: what it shows, in words.
    pub picture_of: Option<String>,
}

impl Reply {
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    pub fn good(body: impl Into<String>) -> Self {
        Self { tone: Tone::Good, ..Self::new(body) }
    }

    /// Something that did not happen. Only whoever asked sees it.
    pub fn bad(body: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, private: true, ..Self::new(body) }
    }

    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    pub fn footer(self, footer: impl Into<String>) -> Self {
        Self { footer: footer.into(), ..self }
    }

    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    pub fn button(mut self, button: Button) -> Self {
        self.buttons.push(button);
        self
    }

    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }

    pub fn replacing(self) -> Self {
        Self { replaces: true, ..self }
    }

    /// Nothing can be said before a form: it is the answer.
    pub fn form(form: Asking) -> Self {
        Self { form: Some(Box::new(form)), private: true, ..Self::default() }
    }

    pub fn file(self, name: &str, bytes: Vec<u8>) -> Self {
        let file = File { name: name.to_owned(), bytes, picture_of: None };
        Self { file: Some(file), ..self }
    }

    /// With a picture, where there is one; `shows` says the same in words.
    pub fn picture(self, name: &str, png: Option<Vec<u8>>, shows: impl Into<String>) -> Self {
        let Some(bytes) = png else { return self };
        let picture_of = Some(cut(&shows.into(), MAX_ALT));
        Self { file: Some(File { name: name.to_owned(), bytes, picture_of }), ..self }
    }

    /// With everything cut to what Discord takes.
    pub fn embed(&self) -> Embed {
        let mut left = MAX_EMBED;
        let mut take = |text: &str, most: usize| {
            let text = cut(text, most.min(left));
            left -= wire_length(&text);
            text
        };
        let title = take(&self.title, MAX_TITLE);
        let footer = take(&self.footer, MAX_FOOTER.min(256));
        let description = take(&self.body, MAX_BODY);
        let mut fields = Vec::new();
        for (name, value) in self.fields.iter().take(MAX_FIELDS) {
            let (name, value) = (take(name, MAX_FIELD_NAME), take(value, MAX_FIELD_VALUE));
            if !name.is_empty() && !value.is_empty() {
                fields.push(EmbedField { inline: true, name, value });
            }
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        Embed {
            author: None,
            color: Some(self.tone.colour()),
            description: some(description),
            fields,
            flags: None,
            footer: some(footer).map(|text| EmbedFooter {
                icon_url: None,
                proxy_icon_url: None,
                text,
            }),
            image: self.shown_picture().map(|file| EmbedImage {
                content_type: None,
                flags: None,
                height: None,
                placeholder: None,
                placeholder_version: None,
                proxy_url: None,
                url: format!("attachment://{}", file.name),
                width: None,
            }),
            kind: "rich".to_owned(),
            provider: None,
            thumbnail: None,
            timestamp: None,
            title: some(title),
            url: None,
            video: None,
        }
    }

    pub fn components(&self) -> Vec<Component> {
        let rows = self.buttons.chunks(BUTTONS_IN_A_ROW).take(ROWS);
        rows.map(|row| {
            let components = row.iter().map(|button| {
                Component::Button(WireButton {
                    custom_id: Some(button.custom_id.clone()),
                    disabled: button.disabled,
                    emoji: None,
                    id: None,
                    label: Some(cut(&button.label, MAX_LABEL)),
                    sku_id: None,
                    style: button.style,
                    url: None,
                })
            });
            Component::ActionRow(ActionRow { components: components.collect(), id: None })
        })
        .collect()
    }

    pub fn attachments(&self) -> Vec<Attachment> {
        let file = self.file.iter().filter(|file| file.bytes.len() <= MAX_FILE_BYTES);
        file.map(|file| Attachment {
            description: file.picture_of.clone(),
            ..Attachment::from_bytes(file.name.clone(), file.bytes.clone(), 0)
        })
        .collect()
    }

    /// The file, where it is a picture that Discord takes.
    fn shown_picture(&self) -> Option<&File> {
        self.file
            .as_ref()
            .filter(|file| file.picture_of.is_some() && file.bytes.len() <= MAX_FILE_BYTES)
    }

    /// As a form that opens.
    pub fn form_data(form: &Asking) -> InteractionResponseData {
        let ask = |question: &Question| {
            let input = TextInput {
                custom_id: question.name.to_owned(),
                id: None,
                #[expect(deprecated, reason = "a label around it says what it is")]
                label: None,
                max_length: Some(question.most),
                min_length: question.required.then_some(1),
                placeholder: None,
                required: Some(question.required),
                style: TextInputStyle::Paragraph,
                value: None,
            };
            Component::Label(Label {
                component: Box::new(Component::TextInput(input)),
                description: None,
                id: None,
                label: cut(&question.label, MAX_FORM_TEXT),
            })
        };
        InteractionResponseData {
            title: Some(cut(&form.title, MAX_FORM_TEXT)),
            custom_id: Some(form.custom_id.clone()),
            components: Some(form.questions.iter().map(ask).collect()),
            ..InteractionResponseData::default()
        }
    }

    pub fn flags(&self) -> Option<MessageFlags> {
        self.private.then_some(MessageFlags::EPHEMERAL)
    }

    /// As the first answer to an interaction.
    pub fn data(&self) -> InteractionResponseData {
        let attachments = self.attachments();
        InteractionResponseData {
            allowed_mentions: Some(no_mentions()),
            // What takes a message's place leaves no picture of before behind.
            attachments: (self.replaces || !attachments.is_empty()).then_some(attachments),
            components: Some(self.components()),
            embeds: Some(vec![self.embed()]),
            flags: self.flags(),
            ..InteractionResponseData::default()
        }
    }
}

/// Mentions that are shown as names and ping nobody.
pub fn no_mentions() -> AllowedMentions {
    AllowedMentions::default()
}

/// Discord counts UTF-16 units in some places and characters in others; the larger is safe.
fn wire_length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// At most that long, with an ellipsis where something is missing.
pub fn cut(text: &str, most: usize) -> String {
    if wire_length(text) <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut length = 0;
    for character in text.chars() {
        length += character.len_utf16();
        if length + 1 > most {
            break;
        }
        kept.push(character);
    }
    if most > 0 {
        kept.push('…');
    }
    kept
}

/// Text that people wrote, so that it shows as they wrote it and changes nothing around it.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(
            character,
            '*' | '_'
                | '`'
                | '~'
                | '|'
                | '>'
                | '#'
                | '['
                | ']'
                | '('
                | ')'
                | '\\'
                | '<'
                | '@'
                | ':'
        ) {
            shown.push('\\');
        }
        shown.push(if character.is_control() { ' ' } else { character });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: CMD-11
    #[test]
    fn given_any_answer_then_nobody_is_pinged() {
        let data = Reply::new("@everyone <@1> <@&2>").data();
        let json = serde_json::to_value(data.allowed_mentions.unwrap()).unwrap();
        assert_eq!(json["parse"], serde_json::json!([]));
    }

    // proves: CMD-10, CMD-11
    #[test]
    fn given_more_than_discord_takes_then_an_embed_is_cut_to_its_limits() {
        let mut reply =
            Reply::new("ä𝔘".repeat(4_000)).title("t".repeat(999)).footer("f".repeat(9_999));
        for n in 0..40 {
            reply = reply.field(format!("{n} {}", "n".repeat(500)), "v".repeat(5_000));
        }
        let embed = reply.embed();
        let length = |text: &Option<String>| text.as_ref().map_or(0, |text| wire_length(text));
        assert_eq!(length(&embed.title), MAX_TITLE);
        assert!(length(&embed.description) <= MAX_BODY && length(&embed.description) > 4_000);
        assert!(embed.description.as_ref().unwrap().ends_with('…'));
        assert!(embed.fields.len() <= MAX_FIELDS);
        let fields: usize =
            embed.fields.iter().map(|f| wire_length(&f.name) + wire_length(&f.value)).sum();
        let footer = embed.footer.as_ref().map_or(0, |footer| wire_length(&footer.text));
        let total = length(&embed.title) + length(&embed.description) + fields + footer;
        assert!(total <= MAX_EMBED, "{total}");
        twilight_validate::embed::embed(&embed).unwrap();
    }

    #[test]
    fn given_buttons_then_they_stand_in_rows_of_five_with_short_labels() {
        let button = |n: usize| Button {
            label: format!("{n}{}", "x".repeat(200)),
            custom_id: n.to_string(),
            style: ButtonStyle::Primary,
            disabled: false,
        };
        let reply = (0..30).fold(Reply::new("many"), |reply, n| reply.button(button(n)));
        let rows = reply.components();
        assert_eq!(rows.len(), 5);
        for row in &rows {
            twilight_validate::component::component_v1(row).unwrap();
        }
        assert!(Reply::new("none").components().is_empty());
    }

    #[test]
    fn given_a_picture_then_it_is_shown_with_words_for_it_and_without_one_nothing_is_missing() {
        let reply = Reply::new("level 3").picture("rank.png", Some(vec![1, 2]), "w".repeat(2_000));
        let data = reply.data();
        let attachment = &data.attachments.unwrap()[0];
        let words = attachment.description.as_ref().unwrap();
        assert_eq!((attachment.filename.as_str(), words.chars().count()), ("rank.png", MAX_ALT));
        twilight_validate::message::attachment(attachment).unwrap();
        assert_eq!(reply.embed().image.unwrap().url, "attachment://rank.png");
        let none = Reply::new("level 3").picture("rank.png", None, "a rank");
        assert_eq!(none, Reply::new("level 3"));
        let file = Reply::new("a list").file("list.csv", vec![1]);
        assert!(file.embed().image.is_none(), "a file is no picture");
    }

    #[test]
    fn given_text_that_people_wrote_then_it_formats_nothing() {
        assert_eq!(plain("**hi** <@1>"), "\\*\\*hi\\*\\* \\<\\@1\\>");
        assert_eq!(plain("a\nb\u{7}"), "a b ");
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello", 4), "hel…");
        assert_eq!(cut("hello", 0), "");
    }
}
