//! Where Discord does otherwise than its description says, each with the reason. The token
//! endpoints of OAuth2 are not judged at all, because the description leaves them out.

use super::Violation;

/// What is excused: a part of the route, of the place in the body, and of the problem; "" is any.
struct Exception {
    template: &'static str,
    part: &'static str,
    place: &'static str,
    problem: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        template: "/callback",
        part: "request",
        place: "",
        problem: "\"id\":0}]",
        reason: "the number of a file in the form is sent as a number, as the guide to uploads shows \
                 it; the description says an id as text",
    },
    Exception {
        template: "/commands",
        part: "request",
        place: "default_member_permissions",
        problem: r#"is not of types "null", "integer""#,
        reason: "permissions are sent as text, as the guide to permissions asks; the description says \
                 integer",
    },
    Exception {
        template: "/roles",
        part: "request",
        place: "/permissions",
        problem: r#"is not of types "null", "integer""#,
        reason: "permissions are sent as text, as the guide to permissions asks; the description says \
                 integer",
    },
    Exception {
        template: "/channels",
        part: "request",
        place: "/allow",
        problem: r#"is not of types "null", "integer""#,
        reason: "permissions are sent as text, as the guide to permissions asks; the description says \
                 integer",
    },
    Exception {
        template: "/channels",
        part: "request",
        place: "/deny",
        problem: r#"is not of types "null", "integer""#,
        reason: "permissions are sent as text, as the guide to permissions asks; the description says \
                 integer",
    },
    Exception {
        template: "",
        part: "response 400",
        place: "/errors",
        problem: r"'oneOf' keyword",
        reason: "the code of a field's error is a name, as the guide to errors shows; the description \
                 says integer",
    },
    Exception {
        template: "",
        part: "request",
        place: "/attachments/",
        problem: r#"is not of type "string""#,
        reason: "the place of an uploaded file is a number, as the guide to uploading shows; the \
                 description says snowflake",
    },
    Exception {
        template: "/applications/@me",
        part: "request",
        place: "/description",
        problem: "",
        reason: "the guide says that an application's description is a text; the description says \
                 object",
    },
];

pub fn excuses(violation: &Violation) -> Option<&'static str> {
    let found = EXCEPTIONS.iter().find(|exception| {
        violation.template.contains(exception.template)
            && violation.part.starts_with(exception.part)
            && violation.place.contains(exception.place)
            && violation.problem.contains(exception.problem)
    });
    found.map(|exception| exception.reason)
}
