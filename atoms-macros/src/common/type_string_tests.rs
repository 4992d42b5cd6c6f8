use super::*;

#[test]
fn what_is_valid_breaks_no_rule() {
    for text in ["created", "shop.order.created", "a1_.b__2", &"a".repeat(128)] {
        assert_eq!(broken_rule(text), None, "{text}");
        assert_eq!(nearest(text).as_deref(), Some(text));
    }
}

#[test]
fn the_broken_rule_is_named_and_the_nearest_string_is_valid() {
    for (text, rule, near) in [
        ("", "it is empty", None),
        ("...", "it has an empty segment", None),
        ("1", "its segment `1` does not begin with a letter", None),
        ("Shop.OrderCreated", "it has a capital letter, `S`", Some("shop.order_created")),
        ("shop.HTTPServer2Up", "it has a capital letter, `H`", Some("shop.httpserver2_up")),
        ("shop..created", "it has an empty segment", Some("shop.created")),
        (".shop.created", "it has an empty segment", Some("shop.created")),
        ("shop.order created", "it has a space", Some("shop.order_created")),
        (" shop.order ", "it has a space", Some("shop.order")),
        ("shop.order-created", "it has a '-'", Some("shop.order_created")),
        ("shop::order", "it has a ':'", Some("shop.order")),
        ("shop/order", "it has a '/'", Some("shop.order")),
        ("1shop.x", "its segment `1shop` does not begin with a letter", Some("shop.x")),
        ("shop._x", "its segment `_x` does not begin with a letter", Some("shop.x")),
        ("shop.größe", "it has a 'ö'", Some("shop.gr_e")),
        ("shop.\n", "it has a '\\n'", Some("shop")),
    ] {
        assert_eq!(broken_rule(text).as_deref(), Some(rule), "{text}");
        assert_eq!(nearest(text).as_deref(), near, "{text}");
        assert!(near.is_none_or(|near| broken_rule(near).is_none()), "{text}");
    }
}

#[test]
fn what_is_too_long_is_cut_at_a_segment_if_there_is_one() {
    let long = format!("{}.{}", "a".repeat(100), "b".repeat(100));
    assert_eq!(broken_rule(&long).as_deref(), Some("it is 201 bytes long"));
    assert_eq!(nearest(&long), Some("a".repeat(100)));
    assert_eq!(nearest(&"a".repeat(200)), Some("a".repeat(128)));
}

#[test]
fn only_whole_first_segments_are_reserved() {
    assert_eq!(reserved_namespace("system.started"), Some("system"));
    assert_eq!(reserved_namespace("agent"), Some("agent"));
    assert_eq!(reserved_namespace("atoms.x"), Some("atoms"));
    assert_eq!(reserved_namespace("systems.started"), None);
    assert_eq!(reserved_namespace("shop.system"), None);
}

#[test]
fn a_namespace_comes_from_the_name_of_the_crate() {
    assert_eq!(namespace_of("shop"), "shop");
    assert_eq!(namespace_of("My-Shop"), "my_shop");
    assert_eq!(namespace_of("atoms"), "my_app");
    assert_eq!(namespace_of(""), "my_app");
}

#[test]
fn an_example_is_valid_and_has_a_namespace() {
    for name in ["OrderCreated", "r#type", "X", "Ärger", "_1"] {
        let example = example(name);
        assert_eq!(broken_rule(&example), None, "{example}");
        assert!(has_namespace(&example), "{example}");
    }
    assert_eq!(example("OrderCreated"), "atoms_macros.order_created");
}
