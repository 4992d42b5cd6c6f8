//! All mistakes in one item, so that one compile reports them all.

use std::fmt::Display;

use quote::ToTokens;

/// Collects mistakes, and reports them in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

/// Says that a mistake was collected. It is the error where a value could not be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told(());

impl Mistakes {
    /// Adds a mistake at `tokens`: what is wrong, and on a second line what to do.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, problem: impl Display, help: impl Display) -> Told {
        self.add(mistake(tokens, problem, help))
    }

    pub(crate) fn add(&mut self, error: syn::Error) -> Told {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
        Told(())
    }

    /// Adds the error, if it is one.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Result<T, Told> {
        result.map_err(|error| self.add(error))
    }

    /// Whether a mistake was collected.
    pub(crate) fn told(&self) -> Option<Told> {
        self.0.as_ref().map(|_| Told(()))
    }

    /// Returns the value if no mistake was collected.
    pub(crate) fn and<T>(self, found: Result<T, Told>) -> syn::Result<T> {
        match (found, self.0) {
            (Ok(found), None) => Ok(found),
            (_, Some(errors)) => Err(errors),
            (Err(Told(())), None) => unreachable!("only `add` makes a `Told`"),
        }
    }
}

/// One mistake at `tokens`.
pub(crate) fn mistake(tokens: impl ToTokens, problem: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(tokens, format_args!("{problem}\nhelp: {help}"))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn all_mistakes_are_kept_in_order() {
        let mut mistakes = Mistakes::default();
        mistakes.at(quote!(a), "one", "two");
        assert!(mistakes.take::<()>(Err(mistake(quote!(b), "three", "four"))).is_err());
        assert_eq!(mistakes.take(Ok(1)).unwrap(), 1);
        let errors = mistakes.and(Ok(1)).unwrap_err();
        let messages: Vec<_> = errors.into_iter().map(|error| error.to_string()).collect();
        assert_eq!(messages, ["one\nhelp: two", "three\nhelp: four"]);
    }

    #[test]
    fn what_was_found_counts_only_without_a_mistake() {
        assert_eq!(Mistakes::default().and(Ok(1)).unwrap(), 1);
        let mut mistakes = Mistakes::default();
        let told = mistakes.at(quote!(a), "one", "two");
        assert_eq!(mistakes.and::<u8>(Err(told)).unwrap_err().into_iter().count(), 1);
    }
}
