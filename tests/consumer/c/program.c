/* Glissade from C alone: program MODEL OUT. Answers, learns, adds a label, publishes, saves; prints what it found. */
#include <glissade/c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K 5

static void check(glissade_context* context, glissade_status status, const char* doing) {
  if (status == GLISSADE_OK) return;
  fprintf(stderr, "program: %s: status %d: %s\n", doing, (int)status, glissade_error(context));
  exit(1);
}

static void expect(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "program: not so: %s\n", what);
  exit(1);
}

static void answer(glissade_context* context, const glissade_snapshot* snapshot, const glissade_rows* row, uint32_t* labels) {
  float scores[K];
  glissade_query query;
  int i;
  glissade_query_init(&query);
  query.k = K;
  check(context, glissade_top_k(context, snapshot, row, &query, labels, scores), "top_k");
  for (i = 0; i < K; ++i) printf("%u%c", (unsigned)labels[i], i + 1 < K ? ' ' : '\n');
  for (i = 1; i < K; ++i) expect(scores[i] <= scores[i - 1], "answers are in the order of their scores");
}

int main(int argc, char** argv) {
  const uint64_t offsets[2] = {0, 3}, one[2] = {0, 1};
  const uint32_t ids[3] = {12, 40, 900};
  const float values[3] = {0.5f, 0.25f, 0.8f};
  glissade_rows row, event, given;
  glissade_context* context = glissade_context_new();
  glissade_snapshot *snapshot = NULL, *after = NULL;
  glissade_learner* learner = NULL;
  glissade_filter* filter;
  glissade_query query;
  glissade_learner_options options;
  glissade_info info;
  uint32_t labels[K], again[K], fresh = 0, id;
  float scores[K], best[K];
  float *vector, *all, *bias;
  const char* names[1] = {"a new label"};
  int i;

  if (argc != 3) return 2;
  expect(context != NULL, "there is a context");
  expect(glissade_abi() == GLISSADE_ABI, "the library is of this header");
  row.rows = 1;
  row.offsets = offsets;
  row.ids = ids;
  row.values = values;

  expect(glissade_snapshot_load(context, "/no/such/model", &snapshot) == GLISSADE_FAILED, "a missing file fails");
  expect(strstr(glissade_error(context), "/no/such/model") != NULL, "the error names the file");
  check(context, glissade_snapshot_load(context, argv[1], &snapshot), "load");
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  check(context, glissade_snapshot_info(context, snapshot, &info), "info");
  expect(info.labels > 0 && info.features > 900 && info.version == 0, "the model has a shape");
  answer(context, snapshot, &row, labels);

  /* scores of given labels are those that they have among the best */
  glissade_query_init(&query);
  query.k = K;
  check(context, glissade_top_k(context, snapshot, &row, &query, again, best), "top_k");
  given.rows = 1;
  given.offsets = (uint64_t[2]){0, K};
  given.ids = labels;
  given.values = NULL;
  check(context, glissade_score(context, snapshot, &row, &given, scores), "score");
  for (i = 0; i < K; ++i) expect(scores[i] - best[i] < 1e-3f && best[i] - scores[i] < 1e-3f, "a given label has its score");

  /* without the best label the second one is the best */
  filter = glissade_filter_new(info.labels, 1);
  glissade_filter_set(filter, labels, 1, 0);
  query.filter = filter;
  check(context, glissade_top_k(context, snapshot, &row, &query, again, scores), "top_k");
  expect(again[0] == labels[1], "a forbidden label is no answer");
  query.filter = NULL;
  query.excluded = &given;
  check(context, glissade_top_k(context, snapshot, &row, &query, again, scores), "top_k");
  for (i = 0; i < K; ++i) expect(again[0] != labels[i], "excluded labels are no answers");
  query.k = 0;
  expect(glissade_top_k(context, snapshot, &row, &query, again, scores) == GLISSADE_USAGE, "k = 0 is refused");

  vector = malloc(info.width * sizeof(float));
  all = malloc((size_t)info.labels * info.width * sizeof(float));
  bias = malloc(info.labels * sizeof(float));
  check(context, glissade_encode(context, snapshot, &row, vector), "encode");
  check(context, glissade_label_vectors(context, snapshot, all, bias), "label_vectors");
  expect(glissade_label_id(context, snapshot, "nobody", 6, &id) == GLISSADE_NOT_FOUND, "a name that nobody has is not found");

  /* a new label is learned from events */
  glissade_learner_options_init(&options);
  options.batch = 4;
  options.learning_rate = 0.05;
  check(context, glissade_learner_load(context, argv[1], &options, &learner), "learner");
  check(context, glissade_add_labels(context, learner, 1, glissade_label_name(snapshot, 0, NULL) ? names : NULL, &fresh), "add_labels");
  expect(fresh == info.labels, "a new label stands behind the others");
  event.rows = 1;
  event.offsets = one;
  event.ids = &fresh;
  event.values = NULL;
  for (i = 0; i < 200; ++i) check(context, glissade_learn(context, learner, &row, &event), "learn");
  check(context, glissade_publish(context, learner, &after), "publish");
  check(context, glissade_snapshot_info(context, after, &info), "info");
  expect(info.labels == fresh + 1 && info.version == 2, "the new snapshot knows the label");
  answer(context, after, &row, again);
  expect(again[0] == fresh, "what was learned is answered");
  check(context, glissade_retire(context, learner, &fresh, 1), "retire");
  glissade_snapshot_free(after);
  check(context, glissade_publish(context, learner, &after), "publish");
  answer(context, after, &row, again);
  for (i = 0; i < K; ++i) expect(again[i] != fresh, "a retired label is no answer");
  check(context, glissade_learner_save(context, learner, argv[2]), "save");

  answer(context, snapshot, &row, again);
  expect(memcmp(labels, again, sizeof labels) == 0, "a snapshot stays as it is");
  free(vector);
  free(all);
  free(bias);
  glissade_filter_free(filter);
  glissade_learner_free(learner);
  glissade_snapshot_free(after);
  glissade_snapshot_free(snapshot);
  glissade_context_free(context);
  return 0;
}
