/* Glissade from C alone: program MODEL OUT. Answers, learns, adds a label, publishes, saves, trains; prints what it found. */
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

/* A program that was compiled when structures were shorter. */
static void check_short_structures(void) {
  unsigned char bytes[sizeof(glissade_query)];
  const size_t known = offsetof(glissade_query, search);
  uint32_t size;
  memset(bytes, 0xee, sizeof bytes);
  glissade_query_init_sized((glissade_query*)(void*)bytes, known);
  memcpy(&size, bytes, sizeof size);
  expect(size == known && bytes[known] == 0xee, "a structure is filled as far as the program knows it");
  expect(bytes[offsetof(glissade_query, k)] == 5, "its fields have their defaults");
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

#define ROWS 600
#define LABELS 30

typedef struct {
  int calls, epochs, stop;
} watched;

static int watch(void* user, const glissade_progress* progress) {
  watched* seen = user;
  ++seen->calls;
  if (progress->activity == GLISSADE_ACTIVITY_EPOCH_DONE) ++seen->epochs;
  return !(seen->stop && progress->activity == GLISSADE_ACTIVITY_EPOCH_DONE);
}

static int stop_at_once(void* user, const glissade_progress* progress) {
  (void)user;
  return progress->activity != GLISSADE_ACTIVITY_PREPARING;
}

/* A label's rows have its two features: a model that was trained on them answers with it, from its file, too. */
static void train(glissade_context* context, const char* out) {
  uint64_t offsets[ROWS + 1], label_offsets[ROWS + 1];
  uint32_t ids[2 * ROWS], labels[ROWS], best[K], first;
  glissade_rows features, targets, row;
  glissade_training training;
  glissade_model *model = NULL, *loaded = NULL;
  glissade_model_facts facts;
  glissade_snapshot* snapshot = NULL;
  glissade_explanation* why = NULL;
  glissade_reasons reasons;
  watched seen = {0, 0, 0};
  float scores[K];
  uint32_t i;

  for (i = 0; i < ROWS; ++i) {
    labels[i] = i % LABELS;
    ids[2 * i] = 2 * labels[i];
    ids[2 * i + 1] = 2 * labels[i] + 1;
    offsets[i] = 2 * i;
    label_offsets[i] = i;
  }
  offsets[ROWS] = 2 * ROWS;
  label_offsets[ROWS] = ROWS;
  features = (glissade_rows){ROWS, offsets, ids, NULL};
  targets = (glissade_rows){ROWS, label_offsets, labels, NULL};
  glissade_training_init(&training);
  training.options = "epochs = 4\nhidden = 16\nseed = 3\n";
  training.on_progress = watch;
  training.user = &seen;
  check(context, glissade_train(context, &features, &targets, &training, &model), "train");
  expect(seen.epochs == 4 && seen.calls > 4, "four epochs are told");
  expect(strstr(glissade_model_options(context, model), "hidden = 16\n") != NULL, "the model has the options that were given");
  check(context, glissade_model_save(context, model, out, 1), "model_save");
  check(context, glissade_model_load(context, out, 0, &loaded), "model_load");
  memset(&facts, 0, sizeof facts);
  facts.size = sizeof facts;
  check(context, glissade_model_info(context, model, &facts), "model_info");
  expect(facts.labels == LABELS && facts.features == 2 * LABELS && facts.epochs_done == 4, "ids say how many there are");
  check(context, glissade_model_snapshot(context, loaded, &snapshot), "model_snapshot");
  row = (glissade_rows){1, offsets + 7, ids, NULL};
  check(context, glissade_top_k(context, snapshot, &row, NULL, best, scores), "top_k");
  expect(best[0] == labels[7], "a row of training is answered with its label");
  check(context, glissade_explain(context, model, &row, 1, &why), "explain");
  memset(&reasons, 0, sizeof reasons);
  reasons.size = sizeof reasons;
  glissade_explanation_view(why, &reasons);
  expect(reasons.labels == 1 && reasons.label[0] == best[0] && reasons.feature_offsets[1] == 2, "both features have a part in it");
  first = seen.epochs;
  seen.stop = 1;
  glissade_model_free(model);
  check(context, glissade_train(context, &features, &targets, &training, &model), "train, stopped");
  check(context, glissade_model_info(context, model, &facts), "model_info");
  expect(facts.epochs_done == 1 && seen.epochs == (int)first + 1, "who says stop gets what was trained so far");
  glissade_model_free(model);
  training.on_progress = stop_at_once;
  expect(glissade_train(context, &features, &targets, &training, &model) == GLISSADE_STOPPED, "stopped before there is a model");
  training.options = "epoch = 4\n";
  expect(glissade_train(context, &features, &targets, &training, &model) == GLISSADE_USAGE, "an unknown option is refused");
  expect(strstr(glissade_error(context), "epoch") != NULL, "and named");
  glissade_explanation_free(why);
  glissade_snapshot_free(snapshot);
  glissade_model_free(loaded);
}

/* Words of records become features, the same ones for records that come later. */
static void make_rows_of_records(glissade_context* context) {
  const char *texts[4] = {"red apple", "green apple", "red car", NULL}, *names[1] = {"title"};
  const uint64_t lengths[4] = {9, 11, 7, 0};
  const uint32_t kinds[1] = {GLISSADE_COLUMN_TEXT};
  glissade_records records;
  glissade_record_rows* rows = NULL;
  glissade_rows view;
  uint32_t features = 0;
  glissade_records_init(&records);
  records.columns = 1;
  records.rows = 4;
  records.texts = texts;
  records.lengths = lengths;
  records.names = names;
  records.kinds = kinds;
  check(context, glissade_fit_records(context, &records, &rows), "fit_records");
  glissade_record_rows_view(rows, &view);
  expect(view.rows == 4 && view.offsets[4] == 6, "six words in four records, of which one has none");
  expect(glissade_record_rows_names(rows, &features) != NULL && features == 4, "four different ones");
  expect(strlen(glissade_record_rows_notes(rows)) > 0, "and notes on how they were made");
  glissade_record_rows_free(rows);
}

/* 60 users go through five items, each from another one on: what comes next is learned. */
static void recommend(glissade_context* context) {
  uint64_t offsets[61];
  uint32_t items[180], best[1];
  float scores[1], vectors[1];
  glissade_histories histories;
  glissade_history_rows *rows = NULL, *asked = NULL;
  glissade_rows features, next;
  glissade_training training;
  glissade_model* model = NULL;
  glissade_snapshot* snapshot = NULL;
  glissade_query query;
  uint32_t i;
  for (i = 0; i < 180; ++i) items[i] = (i / 3 + i % 3) % 5;
  for (i = 0; i <= 60; ++i) offsets[i] = 3 * i;
  glissade_histories_init(&histories);
  histories.items = 5;
  histories.users = 60;
  histories.offsets = offsets;
  histories.item = items;
  check(context, glissade_history_rows_new(context, &histories, 1, &rows), "history_rows_new");
  glissade_history_rows_view(rows, &features, &next);
  expect(features.rows == 120 && next.rows == 120 && next.ids[0] == items[1], "each item with one before it is a row");
  expect(glissade_history_rows_never_repeat(rows) == 1, "no item comes twice");
  glissade_training_init(&training);
  training.features = 10;
  training.labels = 5;
  training.options = "epochs = 5\nhidden = 16\n";
  training.histories = GLISSADE_HISTORIES | GLISSADE_NEVER_REPEATS;
  training.data_notes = "format sequence\nsequence-key on\nsequence-decay 0.7\nsequence-window 50\n";
  check(context, glissade_train(context, &features, &next, &training, &model), "train on histories");
  expect(strcmp(glissade_model_data_notes(model), training.data_notes) == 0, "the model keeps how its rows are made");
  expect(glissade_word_vectors(context, model, vectors) == GLISSADE_FAILED, "items are no words");
  check(context, glissade_model_snapshot(context, model, &snapshot), "snapshot");
  histories.users = 1;
  offsets[1] = 2;
  check(context, glissade_history_rows_new(context, &histories, 0, &asked), "history_rows_new");
  glissade_history_rows_view(asked, &features, NULL);
  glissade_query_init(&query);
  query.k = 1;
  check(context, glissade_top_k(context, snapshot, &features, &query, best, scores), "top_k");
  expect(best[0] == 2, "after 0 and 1 comes 2");
  items[0] = 6;
  expect(glissade_history_rows_new(context, &histories, 0, &asked) == GLISSADE_USAGE, "an item beyond the last one is refused");
  glissade_snapshot_free(snapshot);
  glissade_model_free(model);
  glissade_history_rows_free(asked);
  glissade_history_rows_free(rows);
}

#define WIDTH 2

/* Rows without features, told by where their vectors lie: scored, encoded, explained, and learned anew. */
static void tell_by_vectors(glissade_context* context, const char* out) {
  uint64_t none[ROWS + 1] = {0}, label_offsets[ROWS + 1], two[2] = {0, 2};
  uint32_t labels[ROWS], both[2] = {0, 1};
  float numbers[ROWS * WIDTH], scores[2], best[1], *hidden;
  uint32_t found[1], i, pass;
  glissade_rows features, targets, row, candidates;
  glissade_vectors vectors, one;
  glissade_training training;
  glissade_query query;
  glissade_info info;
  glissade_model* model = NULL;
  glissade_snapshot *snapshot = NULL, *after = NULL;
  glissade_explanation* why = NULL;
  glissade_reasons reasons;
  glissade_learner* learner = NULL;
  for (i = 0; i < ROWS; ++i) {
    labels[i] = i % 2;
    label_offsets[i] = i;
    numbers[WIDTH * i] = (float)(labels[i] ? 5 : -5) + (float)(i % 7) / 10;
    numbers[WIDTH * i + 1] = (float)(i % 3);
  }
  label_offsets[ROWS] = ROWS;
  features = (glissade_rows){ROWS, none, both, NULL};
  targets = (glissade_rows){ROWS, label_offsets, labels, NULL};
  vectors = (glissade_vectors){ROWS, numbers, WIDTH, WIDTH};
  glissade_training_init(&training);
  training.preset = "plain";
  training.options = "epochs = 20\nhidden = 8\nlearning-rate = 0.1\nsampler = full\n";
  training.features = 1;
  training.labels = 2;
  training.vectors = &vectors;
  check(context, glissade_train(context, &features, &targets, &training, &model), "train on vectors");
  check(context, glissade_model_snapshot(context, model, &snapshot), "snapshot");
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  check(context, glissade_snapshot_info(context, snapshot, &info), "info");
  expect(info.vector_width == WIDTH, "the model takes vectors");

  row = (glissade_rows){1, none, both, NULL};
  one = (glissade_vectors){1, numbers + WIDTH, WIDTH, WIDTH}; /* of row 1 */
  candidates = (glissade_rows){1, two, both, NULL};
  check(context, glissade_score_with_vectors(context, snapshot, &row, &one, &candidates, scores), "score_with_vectors");
  expect(scores[1] > scores[0], "the vector tells the label");
  expect(glissade_score(context, snapshot, &row, &candidates, scores) == GLISSADE_USAGE, "a row without its vector is refused");
  hidden = malloc(2 * info.width * sizeof(float));
  row.rows = one.rows = 2;
  one.numbers = numbers;
  check(context, glissade_encode_with_vectors(context, snapshot, &row, &one, hidden), "encode_with_vectors");
  expect(memcmp(hidden, hidden + info.width, info.width * sizeof(float)) != 0, "rows of two vectors are not one");
  expect(glissade_encode(context, snapshot, &row, hidden) == GLISSADE_USAGE, "rows without vectors are refused");
  row.rows = one.rows = 1;
  check(context, glissade_explain_with_vectors(context, model, &row, &one, 1, &why), "explain_with_vectors");
  memset(&reasons, 0, sizeof reasons);
  reasons.size = sizeof reasons;
  glissade_explanation_view(why, &reasons);
  expect(reasons.labels == 1 && reasons.label[0] == 0, "the vector of row 0 is one of label 0");
  glissade_explanation_free(why);
  expect(glissade_explain(context, model, &row, 1, &why) == GLISSADE_USAGE, "a row without its vector is not explained");

  check(context, glissade_model_save(context, model, out, 1), "model_save");
  check(context, glissade_learner_load(context, out, NULL, &learner), "learner");
  for (i = 0; i < ROWS; ++i) labels[i] = !labels[i];
  expect(glissade_learn(context, learner, &features, &targets) == GLISSADE_USAGE, "events without vectors are refused");
  for (pass = 0; pass < 60; ++pass)
    check(context, glissade_learn_with_vectors(context, learner, &features, &vectors, &targets), "learn_with_vectors");
  check(context, glissade_publish(context, learner, &after), "publish");
  glissade_query_init(&query);
  query.k = 1;
  query.vectors = &one;
  check(context, glissade_top_k(context, after, &row, &query, found, best), "top_k");
  expect(found[0] == 1, "labels that changed their places are learned");
  check(context, glissade_top_k(context, snapshot, &row, &query, found, best), "top_k");
  expect(found[0] == 0, "and what was there before stays");
  free(hidden);
  glissade_learner_free(learner);
  glissade_snapshot_free(after);
  glissade_snapshot_free(snapshot);
  glissade_model_free(model);
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
  char trained[4096];
  int i;

  if (argc != 3) return 2;
  expect(context != NULL, "there is a context");
  expect(glissade_abi() == GLISSADE_ABI, "the library is of this header");
  check_short_structures();
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
  options.keep_events = 1000;
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
  expect(snprintf(trained, sizeof trained, "%s.trained", argv[2]) < (int)sizeof trained, "the path is short");
  train(context, trained);
  tell_by_vectors(context, trained);
  make_rows_of_records(context);
  recommend(context);
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
