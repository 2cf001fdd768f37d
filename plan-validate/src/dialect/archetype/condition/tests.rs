use super::*;
use crate::dialect::archetype::features::Features;

fn yaml(text: &str) -> Node {
    Node::from_yaml(text, 0).expect("YAML")
}

/// What comes of a condition with these terms.
fn answer(condition: &str) -> Result<bool, Doubt> {
    let archetype = yaml(
        "{id: shop, defaults: {auth: nextauth, model: gift}, autonomy: {default_level: 1}, variables: {coverage: 80}}",
    );
    let root = yaml(
        "{has_payments: true, has_app: 'no', model: rent, empty: , scale: large, categories: [auth, search], answers: {region: eu}}",
    );
    let features = Features::of(root, &mut Draft::default());
    let feature = yaml("{id: login, autonomy: {level: 3}}");
    let terms = Terms::new(&archetype, Some(&features));
    terms.answer(&Node::new(condition, 0..0), Some(&feature))
}

#[test]
fn conditions_as_they_are_written_are_evaluated() {
    for (condition, expected) in [
        ("has_payments", true),
        ("has_app", false),
        ("!has_payments", false),
        ("not has_app", true),
        ("model == rent", true),
        ("model == 'rent'", true),
        ("model != open_source && model != internal", true),
        ("model == gift", false),
        ("auth == nextauth", true),
        ("scale in [medium, large, massive]", true),
        ("scale not in [medium, large]", false),
        ("auth in categories", true),
        ("payments in categories", false),
        ("'payments' not in categories", true),
        ("region == eu", true),
        ("coverage >= 80", true),
        ("coverage < 79.5", false),
        ("autonomy_level >= 2", true),
        ("feature.autonomy.level == 3.0", true),
        ("feature.id == login", true),
        ("has_app || (has_payments && model == rent)", true),
        ("has_app and nobody_knows", false),
        ("nobody_knows or has_payments", true),
        ("true", true),
    ] {
        assert_eq!(answer(condition), Ok(expected), "{condition}");
    }
}

#[test]
fn what_nobody_can_tell_is_neither_true_nor_false() {
    for (condition, term) in [
        ("has_e2e", "has_e2e"),
        ("!has_e2e", "has_e2e"),
        ("has_payments && has_e2e", "has_e2e"),
        ("business == rent", "business"),
        ("empty", "empty"),
        ("size in [small]", "size"),
        ("step.tests.length > 0", "step.tests.length"),
    ] {
        let doubt = Doubt::NoValue(term.to_owned());
        assert_eq!(answer(condition), Err(doubt), "{condition}");
    }
    for condition in [
        "",
        "if the user wants payments",
        "scale",
        "scale > 3",
        "categories == auth",
        "auth in scale",
        "has_payments &&",
        "(has_payments",
        "model = rent",
        "model == 'rent",
        "a == b == c",
        "größe?",
        &"(".repeat(1000),
        &"!".repeat(1000),
        &"a && ".repeat(1000),
    ] {
        assert_eq!(answer(condition), Err(Doubt::NotClear), "{condition}");
    }
}
