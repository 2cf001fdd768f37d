use super::*;

#[test]
fn numbers_are_found_where_they_are() {
    let regex = |text| Spot::Regex(Regex::new(text).expect("it is one"));
    let named = || Spot::Named(None);
    let pointer = |text: &str| Spot::Pointer(text.to_owned());
    let json = r#"{"a": 1, "lines": {"pct": "85.5 %"}, "lines.pct": 3, "list": [7], "word": "x"}"#;
    for (name, spot, text, expected) in [
        ("a", named(), json, Ok(1.0)),
        ("lines.pct", named(), json, Ok(3.0)),
        ("x", pointer("/lines/pct"), json, Ok(85.5)),
        ("x", pointer("/list/0"), json, Ok(7.0)),
        ("x", named(), "42", Ok(42.0)),
        ("x", named(), " 42 ms\n", Ok(42.0)),
        ("x", regex(r"(\d+)%"), "10% then 20%", Ok(20.0)),
        ("x", regex(r"\d+"), "10 then 20", Ok(20.0)),
        ("b", named(), json, Err("there is no `b` in it")),
        (
            "word",
            named(),
            json,
            Err("cannot use it: `\"x\"` is not a number"),
        ),
        (
            "x",
            pointer("/no"),
            json,
            Err("there is nothing at /no in it"),
        ),
        ("x", regex("(inf)"), "inf", Err("`inf` is not a number")),
        (
            "x",
            regex(r"(\d+)%"),
            "none",
            Err(r"nothing in it matches (\d+)%"),
        ),
    ] {
        let found = find(name, &spot, text, "it").map(|number| number.value);
        assert_eq!(found, expected.map_err(str::to_owned), "{name} {spot:?}");
    }
    let nested = r#"{"lines": {"pct": 80}}"#;
    let found = find("lines.pct", &named(), nested, "it").map(|number| number.value);
    assert_eq!(found, Ok(80.0));
}
