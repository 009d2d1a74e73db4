"""scikit-learn's own checks of an estimator."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from glissade import GlissadeClassifier

# Each with the reason why it does not hold.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "a row that stands twice is left out once: it says nothing new, where a weight of 2 does",
    "check_sample_weight_equivalence_on_sparse_data": "likewise",
    "check_classifiers_multilabel_representation_invariance": "a list of lists is of labels here, not an indicator: [[0, 1]] is the labels 0 and 1",
    "check_classifiers_multilabel_output_format_predict_proba": "wants probabilities other than 0 and 1; float32 rounds sure ones to these",
}


@parametrize_with_checks([GlissadeClassifier()], expected_failed_checks=lambda estimator: EXPECTED)
def test_checks(estimator, check):
    check(estimator)
