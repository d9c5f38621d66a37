use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};

/// What there is of one name.
pub(super) struct Family {
    family: MetricFamily,
    kind: MetricType,
    metrics: Vec<Metric>,
}

impl Family {
    fn new(name: &str, help: &str, kind: MetricType) -> Self {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        Self {
            family,
            kind,
            metrics: Vec::new(),
        }
    }

    pub(super) fn gauge(name: &str, help: &str) -> Self {
        Self::new(name, help, MetricType::GAUGE)
    }

    pub(super) fn counter(name: &str, help: &str) -> Self {
        Self::new(name, help, MetricType::COUNTER)
    }

    pub(super) fn histogram(name: &str, help: &str) -> Self {
        Self::new(name, help, MetricType::HISTOGRAM)
    }

    /// Adds a value.
    pub(super) fn put(&mut self, labels: &[(&str, &str)], value: f64) {
        let mut metric = Metric::from_label(pairs(labels));
        if self.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.metrics.push(metric);
    }

    /// Adds a distribution: how many were not above each bound, of how many in all, and their sum.
    pub(super) fn spread(
        &mut self,
        labels: &[(&str, &str)],
        below: impl Iterator<Item = (f64, u64)>,
        count: u64,
        sum: f64,
    ) {
        let buckets = below.map(|(bound, below)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(below);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(count);
        histogram.set_sample_sum(sum);
        let mut metric = Metric::from_label(pairs(labels));
        metric.set_histogram(histogram);
        self.metrics.push(metric);
    }

    /// With one value, where it is known.
    pub(super) fn of(mut self, value: Option<f64>) -> Self {
        if let Some(value) = value {
            self.put(&[], value);
        }
        self
    }

    /// As the library writes it; `None` where there is nothing of it, which it would not write.
    pub(super) fn done(mut self) -> Option<MetricFamily> {
        let is_empty = self.metrics.is_empty();
        self.family.set_metric(self.metrics);
        (!is_empty).then_some(self.family)
    }
}

fn pairs(labels: &[(&str, &str)]) -> Vec<LabelPair> {
    let pairs = labels.iter().map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    });
    pairs.collect()
}
