use crate::Failure;
use abi_stable::{
    sabi_trait,
    std_types::{RBox, ROption, RResult, RStr, RString},
};

/// The host's service `config`: the configuration of the plugin that asks, and what of the host is
/// open to every plugin.
#[sabi_trait]
pub trait Config: Send + Sync {
    /// The value at a JSON pointer (RFC 6901) in the configuration that the plugin goes by now, as
    /// JSON, the plugin's own copy; all of it for an empty pointer, `RNone` where there is none.
    /// Fails with `INVALID` for what is no pointer. `[any thread, any state]`
    fn get(&self, pointer: RStr<'_>) -> RResult<ROption<RString>, Failure>;

    /// How many configurations the plugin has gone by since it was created: 1 before the first
    /// [`reconfigure`](crate::Plugin::reconfigure) that was taken. `[any thread, any state]`
    fn revision(&self) -> u64;

    /// What of the host is open to every plugin, as a JSON object: `edge` (its name), `version` and
    /// `abi` (as semver writes them), `target` (the triple that it was built for), `plugins` (its
    /// directories with plugins). Readers ignore what they do not know. `[any thread, any state]`
    #[sabi(last_prefix_field)]
    fn host(&self) -> RString;
}

/// An owned [`Config`].
pub type ConfigObject = Config_TO<'static, RBox<()>>;
