//! Puts the figures of `target/bench.json` into the table of `docs/performance.md`.

use serde_json::Value;
use std::{error::Error, fs, path::Path};

const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->";
const HEAD: &str = "\
| row | value | unit | baseline | ratio | bar | |
|---|---|---|---|---|---|---|
";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let rows: Vec<Value> = serde_json::from_slice(&fs::read(root.join("target/bench.json"))?)?;
    let path = root.join("docs/performance.md");
    let page = fs::read_to_string(&path)?;
    let (before, rest) = page.split_once(BEGIN).ok_or("the page has no table")?;
    let (_, after) = rest.split_once(END).ok_or("the table has no end")?;
    let lines: String = rows.iter().map(line).collect();
    fs::write(path, format!("{before}{BEGIN}{HEAD}{lines}{END}{after}"))?;
    Ok(())
}

fn line(row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| {
        row[key]
            .as_f64()
            .map_or(String::new(), |figure| format!("{figure:.2}"))
    };
    let bar = text("bar");
    let figure = row["ratio"].as_f64().or(row["value"].as_f64());
    format!(
        "| `{}` | {} | {} | {} | {} | {bar} | {} |\n",
        text("name"),
        number("value"),
        text("unit"),
        number("baseline"),
        number("ratio"),
        figure.map_or("", |figure| verdict(figure, &bar)),
    )
}

/// Whether a figure keeps to a bar such as `<= 1.2`.
fn verdict(figure: f64, bar: &str) -> &'static str {
    let kept = match bar.split_once(' ') {
        Some(("<=", most)) => most.parse().map(|most: f64| figure <= most),
        Some((">=", least)) => least.parse().map(|least: f64| figure >= least),
        _ => return "",
    };
    match kept {
        Ok(true) => "met",
        Ok(false) => "**missed**",
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_says_whether_its_bar_is_met() {
        let row = json!({"name": "load.warm", "value": 130.0, "unit": "us", "baseline": 100.0,
            "ratio": 1.3, "bar": "<= 1.2"});
        assert_eq!(
            line(&row),
            "| `load.warm` | 130.00 | us | 100.00 | 1.30 | <= 1.2 | **missed** |\n"
        );
        let row = json!({"name": "load.first", "value": 9.0, "unit": "ms", "baseline": null,
            "ratio": null, "bar": "reported"});
        assert_eq!(
            line(&row),
            "| `load.first` | 9.00 | ms |  |  | reported |  |\n"
        );
        assert_eq!(verdict(0.8, ">= 0.7"), "met");
    }
}
