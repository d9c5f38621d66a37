/// The known name that a mistyped one was most likely meant to be, if any is like it.
pub(super) fn nearest(name: &str, known: &[&str]) -> Option<String> {
    // A third of the letters may be wrong, and always one.
    let most = (name.chars().count() / 3).max(1);
    known
        .iter()
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, known)| (*known).to_owned())
}
