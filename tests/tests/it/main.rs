//! One integration binary; the first line of each module is the question that it answers.
