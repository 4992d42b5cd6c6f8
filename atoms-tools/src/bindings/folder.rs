//! The layout of folders: `events/agentToolEvent/e.json` is the event `events.agentToolEvent`.

use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read};
use std::panic::Location;
use std::path::{Path, PathBuf};

use super::element::Element;
use super::read::read;

/// The file of an event.
const FILE: &str = "e.json";

/// How large such a file may be, how deep folders may be nested, and how many there may be.
const MOST_BYTES: u64 = 64 * 1024;
const MOST_NESTED: usize = 8;
const MOST_FOLDERS: usize = 4_096;

/// The folder of events cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the events in `{}` cannot be read: {cause}", path.display())]
pub struct BindingsError {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl BindingsError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self { path: path.into(), cause }
    }

    /// Returns the path of the file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads all events of a folder.
pub(super) fn from_dir(dir: &Path, place: &'static Location<'static>) -> Result<Vec<Element>, BindingsError> {
    let mut walk = Walk { place, folders: 0, elements: Vec::new() };
    for (name, path) in folders(dir)? {
        walk.folder(&format!("events.{name}"), &path, 1)?;
    }
    Ok(walk.elements)
}

struct Walk {
    place: &'static Location<'static>,
    folders: usize,
    elements: Vec<Element>,
}

impl Walk {
    /// Reads the events of a folder and of those in it. One without any is a mistake.
    fn folder(&mut self, name: &str, path: &Path, depth: usize) -> Result<(), BindingsError> {
        self.folders += 1;
        if self.folders > MOST_FOLDERS {
            let problem = format!("there are more than {MOST_FOLDERS} folders");
            return Err(BindingsError::at(path)(io::Error::other(problem)));
        }
        if depth > MOST_NESTED {
            let problem = format!(
                "folders are more than {MOST_NESTED} deep, or a link leads back to one that it is in: remove it, or begin \
                 its name with `.` or `__`, so that it is not looked at"
            );
            return Err(BindingsError::at(path)(io::Error::other(problem)));
        }
        let before = self.elements.len();
        let file = path.join(FILE);
        if kind(&file)?.is_some_and(|kind| kind.is_file()) {
            let element = self.element(name.into(), &file)?;
            self.elements.push(element);
        }
        for (inner, path) in folders(path)? {
            self.folder(&format!("{name}.{inner}"), &path, depth + 1)?;
        }
        if depth == 1 && self.elements.len() == before {
            let mut element = Element::new(name.into(), Some(path.display().to_string()), self.place);
            element.problem(None, format!("this folder has no `{FILE}`: write one, or remove the folder"));
            self.elements.push(element);
        }
        Ok(())
    }

    fn element(&self, name: String, path: &Path) -> Result<Element, BindingsError> {
        let mut element = Element::new(name, Some(path.display().to_string()), self.place);
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(BindingsError::at(path))?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(BindingsError::at(path))?;
        match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 > MOST_BYTES => {
                element.problem(None, format!("it is larger than {MOST_BYTES} bytes, which is the limit"));
            }
            Ok(text) => read(&text, &mut element),
            Err(_) => element.problem(None, "it is not UTF-8: write it as such".into()),
        }
        Ok(element)
    }
}

/// The folders in a folder that may hold events, by their names.
fn folders(path: &Path) -> Result<Vec<(String, PathBuf)>, BindingsError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(BindingsError::at(path))? {
        let entry = entry.map_err(BindingsError::at(path))?;
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let is_hidden = name.starts_with('.') || name.starts_with("__");
        if !is_hidden && kind(&path)?.is_some_and(|kind| kind.is_dir()) {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// What is at a path, to which links lead; `None` if there is nothing. A link that leads nowhere is a mistake: a hook may be
/// meant that would be missing.
fn kind(path: &Path) -> Result<Option<FileType>, BindingsError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => Ok(None),
        Err(error) => Err(BindingsError::at(path)(error)),
    }
}
