//! Pictures by their size, by what is where in them, and by what cannot get into them.

use super::{
    words::{Weight, drawable, fitting, initials, width},
    *,
};

fn rank() -> Rank {
    Rank {
        name: "juniper".to_owned(),
        nameless: "a member".to_owned(),
        standing: "Rank #7 of 48,213 · Level 31".to_owned(),
        progress: "18,420 / 21,000 XP".to_owned(),
        share: 0.877,
        note: "+2,310 XP this week".to_owned(),
    }
}

fn chart() -> Chart {
    let days = 0..90_i64;
    Chart {
        title: "The last 90 days".to_owned(),
        note: "Days of Europe/Berlin".to_owned(),
        figures: [
            ("Messages", "235,611"),
            ("Active today", "1,402"),
            ("Minutes in voice", "125,300"),
            ("Came and went", "+412 −87"),
        ]
        .map(|(name, number)| (name.to_owned(), number.to_owned()))
        .to_vec(),
        first: ("Messages".to_owned(), days.clone().map(|day| 900 + (day * 577) % 800).collect()),
        second: ("Active members".to_owned(), days.map(|day| 200 + (day * 91) % 140).collect()),
        labels: ["23 Aug", "6 Oct", "20 Nov"].map(str::to_owned),
        gaps: vec![40, 41],
    }
}

fn board() -> Board {
    let names = ["juniper", "Kestrel the Very Long Named Member of This Community", "Zoë 💎"];
    let line = |(place, name): (u32, &str)| BoardLine {
        place,
        name: name.to_owned(),
        standing: format!("Level {}", 40 - place),
        amount: format!("{} XP", 912_400 / place),
        share: 1.0 / f32::from(u16::try_from(place).unwrap()),
    };
    Board {
        title: "Levels".to_owned(),
        note: "Places 1 to 10".to_owned(),
        nameless: "a member".to_owned(),
        lines: (1..=10).zip(names.into_iter().cycle()).map(line).collect(),
    }
}

fn pixels(png: &[u8]) -> tiny_skia::Pixmap {
    tiny_skia::Pixmap::decode_png(png).unwrap()
}

/// A pixel's red, green and blue.
fn colour(picture: &tiny_skia::Pixmap, x: u32, y: u32) -> [u8; 3] {
    let pixel = picture.pixel(x, y).unwrap().demultiply();
    [pixel.red(), pixel.green(), pixel.blue()]
}

/// How many pixels of an area are about as bright as text.
fn bright(
    picture: &tiny_skia::Pixmap,
    (left, top): (u32, u32),
    (right, bottom): (u32, u32),
) -> usize {
    let all = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    all.filter(|(x, y)| colour(picture, *x, *y).iter().all(|part| *part > 140)).count()
}

#[test]
fn given_a_rank_then_its_card_has_name_bar_and_round_corners() {
    let painter = Painter::default();
    let card = pixels(&painter.paint(&rank()).unwrap());
    assert_eq!((card.width(), card.height()), (900, 260));
    assert_eq!(card.pixel(0, 0).unwrap().alpha(), 0, "a round corner");
    assert_eq!(colour(&card, 450, 20), [0x12, 0x14, 0x1b]);
    assert!(bright(&card, (246, 60), (420, 110)) > 300, "the name");
    // The bar begins in one colour, is full for the larger part, and ends empty.
    let (begin, late, rest) =
        (colour(&card, 262, 175), colour(&card, 770, 175), colour(&card, 840, 175));
    assert!(begin[2] > 200 && begin[1] < 190, "{begin:?}");
    assert!(late[1] > 190, "{late:?}");
    assert_eq!(rest, [0x24, 0x28, 0x35]);
    let none = pixels(&painter.paint(&Rank { share: 0.0, ..rank() }).unwrap());
    assert_eq!(colour(&none, 262, 175), [0x24, 0x28, 0x35]);
    for odd in [f32::NAN, -1.0, 7.0] {
        painter.paint(&Rank { share: odd, ..rank() }).unwrap();
    }
}

#[test]
fn given_a_chart_then_its_line_its_gap_and_its_numbers_are_there() {
    let painter = Painter::default();
    let shown = pixels(&painter.paint(&chart()).unwrap());
    assert_eq!((shown.width(), shown.height()), (900, 460));
    let first = (206..396).flat_map(|y| (92..860).map(move |x| (x, y)));
    let first = first.filter(|(x, y)| colour(&shown, *x, *y) == [0x8f, 0x95, 0xff]).count();
    assert!(first > 1_000, "{first} pixels of the first line");
    let gap = colour(&shown, 92 + 768 * 40 / 89 + 4, 390);
    let beside = colour(&shown, 92 + 768 * 30 / 89, 390);
    assert!(gap[0] > beside[0] + 10, "{gap:?} beside {beside:?}");
    assert!(bright(&shown, (40, 100), (240, 135)) > 200, "a number");
    // One point, none, and more than there is room for.
    for count in [0, 1, 2, 5_000] {
        let line = |name: &str| (name.to_owned(), vec![3; count]);
        painter.paint(&Chart { first: line("a"), second: line("b"), ..chart() }).unwrap();
    }
    let huge = ("a".to_owned(), vec![i64::MAX, i64::MIN, 0]);
    painter.paint(&Chart { first: huge, ..chart() }).unwrap();
}

#[test]
fn given_a_board_then_each_line_has_its_place_its_name_and_its_bar() {
    let painter = Painter::default();
    let shown = pixels(&painter.paint(&board()).unwrap());
    assert_eq!((shown.width(), shown.height()), (900, 734));
    for line in 0..10 {
        let top = 92 + 62 * line;
        assert!(bright(&shown, (154, top), (420, top + 32)) > 100, "the name of line {line}");
        // The bar: full for the first, and shorter with each place.
        let end = 154 + 706 / (line + 1) + 14;
        assert!(colour(&shown, 160, top + 43)[2] > 100, "the bar of line {line}");
        if line > 0 {
            assert_eq!(colour(&shown, end, top + 43), [0x24, 0x28, 0x35], "line {line}");
        }
    }
    // Nobody, one, and more than there is room for.
    for count in [0, 1, 500] {
        let line = board().lines[0].clone();
        let lines = vec![BoardLine { share: f32::NAN, ..line }; count];
        let painted = pixels(&painter.paint(&Board { lines, ..board() }).unwrap());
        assert!(painted.height() <= 734, "{count}");
    }
}

#[test]
fn given_hostile_names_then_they_are_drawn_as_text_or_not_at_all() {
    let painter = Painter::default();
    let marks = "&<>\"']]><!--\u{0}\u{8}\u{1b}\u{fffe}\u{ffff}\u{feff}";
    let odd = [
        marks.to_owned(),
        "</text><image href=\"http://127.0.0.1/\"/><text>".to_owned(),
        "<img src=x onerror=alert(1)>".to_owned(),
        "\u{202e}evil\u{202c}".to_owned(),
        "Z̷̢̛̗a̶͚͝l̵̰͌g̸̰̈o̷̧͝".to_owned(),
        "W".repeat(4_000),
        "👩‍👩‍👧‍👦🔥".to_owned(),
        "ا".repeat(300),
        "a\u{2067}b\u{2069}\u{200f}c".to_owned(),
        String::new(),
    ];
    for name in odd {
        let svg = Rank { name: name.clone(), ..rank() }.svg();
        let at = |text: &str| svg.matches(text).count();
        assert_eq!((at("<text"), at("</text>"), at("<im")), (5, 5, 0), "{name}");
        assert!(!svg.contains(['\u{202e}', '\u{2067}', '\u{200f}']), "{name}");
        let card = painter.paint(&Rank { name, ..rank() }).unwrap();
        assert_eq!(pixels(&card).width(), 900);
    }
    let hostile = |name: &str| {
        let line = BoardLine { name: name.to_owned(), ..board().lines[0].clone() };
        Board { lines: vec![line], ..board() }
    };
    for name in ["</text><image href=\"x\"/>", "\u{202e}evil", "李", "", "\u{0}"] {
        let svg = hostile(name).svg();
        assert_eq!((svg.matches("<text").count(), svg.matches("<im").count()), (7, 0), "{name}");
        assert!(!svg.contains('\u{202e}'), "{name}");
        painter.paint(&hostile(name)).unwrap();
    }
    assert!(hostile("李").svg().contains(">a member</text>"));
    // In place of a name of which nothing can be drawn.
    assert!(Rank { name: "李小龍".to_owned(), ..rank() }.svg().contains(">a member</text>"));
}

#[test]
fn given_text_then_only_what_can_be_drawn_is_left_and_it_fits() {
    let bold = |text: &str| drawable(text, Weight::Bold);
    assert_eq!(bold("  Zoë \n💎  van  Öl\u{200d} "), "Zoë van Öl");
    assert_eq!(bold("李"), "");
    assert_eq!(bold("Даша ☂"), "Даша ☂");
    assert_eq!(initials("juniper"), "JU");
    assert_eq!(initials("Kestrel the Very Long"), "KT");
    assert_eq!((initials("!!!"), initials("ß")), (String::new(), "SS".to_owned()));
    let long = fitting(&"M".repeat(100), 20.0, Weight::Regular, 200.0);
    assert!(long.ends_with('…') && width(&long, 20.0, Weight::Regular) <= 200.0, "{long}");
    assert_eq!(fitting("short", 20.0, Weight::Regular, 200.0), "short");
}

/// A picture that is painted at once.
struct Dot(usize);

impl Picture for Dot {
    fn svg(&self) -> String {
        let size = "width=\"2\" height=\"2\"";
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {size}><!--{}--></svg>", self.0)
    }
}

#[test]
fn given_the_same_numbers_then_it_is_painted_once_and_other_numbers_never_look_the_same() {
    let painter = Painter::default();
    let first = painter.paint(&rank()).unwrap();
    assert!(Arc::ptr_eq(&first, &painter.paint(&rank()).unwrap()));
    let other = painter.paint(&Rank { progress: "18,421 / 21,000 XP".to_owned(), ..rank() });
    assert_ne!(first, other.unwrap());
    for number in 0..KEPT.get() + 9 {
        painter.paint(&Dot(number)).unwrap();
    }
    assert_eq!(painter.kept.lock().len(), KEPT.get(), "what is kept has a limit");
}

/// For people who want to look: `REEVE_TEST_PICTURES=folder cargo test -p pictures`.
#[test]
fn given_a_folder_then_the_pictures_of_the_tests_are_put_there() {
    let painter = Painter::default();
    let all = [
        ("rank", painter.paint(&rank()).unwrap()),
        ("chart", painter.paint(&chart()).unwrap()),
        ("board", painter.paint(&board()).unwrap()),
    ];
    for (name, png) in all {
        assert!(png.len() < 200_000, "{name} has {} bytes", png.len());
        if let Ok(folder) = std::env::var("REEVE_TEST_PICTURES") {
            std::fs::write(format!("{folder}/{name}.png"), &png).unwrap();
        }
    }
}
