//! The statistics against numbers that were computed with SciPy and NumPy by `tests/interop`.

use countersign::validator::load::statistics::rank::{p_value_greater, shift};

/// SciPy 1.x: `mannwhitneyu(y, x, alternative="greater")`, exact without ties, else asymptotic.
#[test]
fn the_rank_test_is_that_of_scipy() {
    let x = [38.4, 39.1, 38.9, 40.2, 39.5];
    let y = [39.0, 40.1, 41.3, 39.9, 40.8];
    // U = 20; of the 252 orders 19 have a U of 20 or more.
    let at_least = 19.0 / 252.0;
    assert!((p_value_greater(&x, &y) - at_least).abs() < 1e-12, "{}", p_value_greater(&x, &y));
    let shift = shift(&x, &y, 0.95).unwrap();
    assert!((shift.estimate - 1.0).abs() < 1e-9, "{shift:?}");
}
