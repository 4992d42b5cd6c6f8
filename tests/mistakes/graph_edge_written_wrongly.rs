use atoms::agent::events::UserJoined;
use atoms::prelude::*;

#[derive(Default)]
struct One;

#[node]
impl One {
    #[handler]
    fn see(&mut self, _: &UserJoined) {}
}

#[derive(Default)]
struct Other;

#[node]
impl Other {
    #[handler]
    fn see(&mut self, _: &UserJoined) {}
}

graph! {
    struct Fat {
        One => Other,
    }
}

graph! {
    struct Several {
        One -> [Other, One],
    }
}

graph! {
    struct Separated {
        One -> Other;
    }
}

graph! {
    struct Broken {
        One -> Other
        Other -> One
    }
}

graph! {
    struct Backwards {
        One <- Other,
    }
}

graph! {
    struct Named {
        one: One -> other: Other,
    }
}

graph! {
    struct Made {
        One::default() -> Other,
    }
}

graph! {
    Undeclared {
        One -> Other,
    }
}

graph! {
    struct Open {
        One ->
    }
}

graph! {
    struct Bare;
}

graph! {
    struct NoEvents {
        One -[]-> Other,
    }
}

graph! {
    struct Unarmed {
        One -[UserJoined] Other,
    }
}

graph! {
    struct Nested {
        One -> { Other -> One },
    }
}

graph! {
    struct NoNodes {
        One -> {},
    }
}

fn main() {}
