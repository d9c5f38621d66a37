//! A [`Plugin`] as the object that the host calls.

use super::{
    bridge::{self, Hosted},
    guard::{self, guard},
};
use crate::{Context, Error, Event, Plugin, Request, Result, Routes};
use jackfield_abi::{
    CallMut, Failure, FailureCode, FfiContext, Health, HostObject, Level, PluginObject, RResult,
    RStr, RString, abi_stable::type_level::downcasting::TD_Opaque,
};
use std::sync::Arc;

/// The author's plugin, with its routes. Every method goes through [`guard`].
struct Shell<T: Plugin> {
    /// `None` only while it is dropped.
    plugin: Option<Arc<T>>,
    routes: Routes<T>,
    context: Context,
    host: Arc<Hosted>,
}

/// The root module's `create` for a plugin of type `T`.
pub(super) extern "C" fn create<T: Plugin>(host: HostObject) -> RResult<PluginObject, Failure> {
    let host = Arc::new(Hosted { object: host });
    let made = guard(|| {
        bridge::install(&host);
        initialize::<T>(&host)
    });
    match made {
        Ok(Ok(shell)) => RResult::ROk(PluginObject::from_value(shell, TD_Opaque)),
        Ok(Err(failure)) | Err(failure) => {
            bridge::uninstall(&host);
            RResult::RErr(failure)
        }
    }
}

fn initialize<T: Plugin>(host: &Arc<Hosted>) -> Result<Shell<T>, Failure> {
    let mut routes = Routes::new();
    T::routes(&mut routes);
    routes.finish();
    if let Some(faults) = routes.faults() {
        return Err(Failure::new(FailureCode::ERROR, faults));
    }
    let config = configuration::<T>(&host.object.config())?;
    let context = Context::new(Arc::clone(host));
    let plugin = T::initialize(context.clone(), config).map_err(Error::into_failure)?;
    Ok(Shell {
        plugin: Some(Arc::new(plugin)),
        routes,
        context,
        host: Arc::clone(host),
    })
}

/// The configuration as the author's type. What is wrong is told without the value, which may be
/// secret: this side does not know the schema.
fn configuration<T: Plugin>(text: &str) -> Result<T::Config, Failure> {
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    let config = serde_path_to_error::deserialize(&mut *deserializer).map_err(unfit)?;
    let more = |_| "configuration: expected one JSON value, found more after it";
    let end = deserializer.end().map_err(more);
    end.map_err(|text| Failure::new(FailureCode::INVALID, text))?;
    Ok(config)
}

fn unfit(error: serde_path_to_error::Error<serde_json::Error>) -> Failure {
    let (path, inner) = (error.path().to_string(), error.inner().to_string());
    let (line, column) = (error.inner().line(), error.inner().column());
    let place = format!(" at line {line} column {column}");
    let expected = inner.rsplit_once(", expected ");
    let what = match expected {
        Some((_, expected)) => format!(
            "expected {}, found something else",
            expected.trim_end_matches(&place)
        ),
        None if inner.starts_with("missing field") => inner.trim_end_matches(&place).to_owned(),
        None => "the plugin does not take the value".to_owned(),
    };
    Failure::new(
        FailureCode::INVALID,
        format!("configuration: {path}: {what}"),
    )
}

impl<T: Plugin> Shell<T> {
    fn plugin(&self) -> &Arc<T> {
        self.plugin
            .as_ref()
            .expect("only drop takes the plugin out")
    }

    fn call<R>(&self, body: impl FnOnce(&T) -> Result<R>) -> RResult<R, Failure> {
        match guard(|| body(self.plugin())) {
            Ok(Ok(value)) => RResult::ROk(value),
            Ok(Err(error)) => RResult::RErr(error.into_failure()),
            Err(failure) => RResult::RErr(failure),
        }
    }
}

impl<T: Plugin> jackfield_abi::Plugin for Shell<T> {
    fn start(&self) -> RResult<(), Failure> {
        self.call(T::start)
    }

    fn stop(&self) -> RResult<(), Failure> {
        self.call(|plugin| {
            self.routes.stop(&self.context);
            plugin.stop()
        })
    }

    fn health(&self) -> RResult<Health, Failure> {
        self.call(|plugin| Ok(plugin.health().into_abi()))
    }

    fn handle<'a>(
        &'a self,
        request: &'a jackfield_abi::Request<'a>,
        call: CallMut<'_, 'a>,
        context: &mut FfiContext<'_>,
    ) -> bool {
        // SAFETY: the lifetimes are those of this method's signature.
        let call = unsafe { call.into_pin() };
        guard::open(call, context, |opening| {
            let request = Request::from_abi(request);
            self.routes
                .dispatch(self.plugin(), &self.context, request, opening)
        })
    }

    fn event(&self, event: &jackfield_abi::Event<'_>) -> RResult<(), Failure> {
        self.call(|plugin| plugin.event(Event::new(event)))
    }

    fn reconfigure(&self, config: RStr<'_>) -> RResult<(), Failure> {
        match guard(|| configuration::<T>(&config)) {
            Ok(Ok(config)) => self.call(|plugin| plugin.reconfigure(config)),
            Ok(Err(failure)) | Err(failure) => RResult::RErr(failure),
        }
    }

    fn set_log_level(&self, level: Level) {
        bridge::set_level(level);
    }

    fn describe(&self, what: RStr<'_>) -> RResult<RString, Failure> {
        self.call(|plugin| match what.as_str() {
            "routes" => Ok(self.routes.describe().to_string().into()),
            "menu" => Ok(serde_json::to_string(&plugin.menu()?)?.into()),
            what => {
                let text = format!("it has no description called `{what}`");
                let failure = Failure::new(FailureCode::UNSUPPORTED, text);
                Err(Error::from_failure(failure))
            }
        })
    }
}

impl<T: Plugin> Drop for Shell<T> {
    fn drop(&mut self) {
        let plugin = self.plugin.take();
        // The hook has reported a panic; there is nobody left to hand it to.
        let _ = guard(|| drop(plugin));
        bridge::uninstall(&self.host);
    }
}

#[cfg(test)]
mod tests;
