/* Glissade for C and for whatever calls C: training, answering from models, learning from events, features of texts.
 *
 * Handles are opaque. A function that can fail returns a glissade_status and leaves one line of text in the context that it was
 * given. No exception crosses this interface, nothing is printed, there is no global state.
 *
 * Threads: a context belongs to one thread at a time. Snapshots, filters that nobody changes and pipelines may be used by any
 * number of threads at once. A learner has one writer at a time; glissade_learner_current() alone may be called meanwhile.
 *
 * Versions: GLISSADE_ABI is raised when something here changes its meaning. Structures begin with their size, which the caller
 * sets (the _init macros do), so that they may grow at their end; fields that a caller does not know have their defaults. The
 * macros say how large a structure was when the program was compiled, so that a later library writes no further. Languages
 * without a preprocessor call the _init_sized functions. Functions are never taken away within one number.
 */
#ifndef GLISSADE_C_H
#define GLISSADE_C_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define GLISSADE_API __attribute__((visibility("default")))
#else
#define GLISSADE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define GLISSADE_ABI 2

typedef int32_t glissade_status;
enum {
  GLISSADE_OK = 0,
  GLISSADE_FAILED = 1,    /* at run time: files, memory, a deadline */
  GLISSADE_USAGE = 2,     /* arguments that cannot be right */
  GLISSADE_NOT_FOUND = 3, /* a name that nobody has */
  GLISSADE_STOPPED = 4    /* by the caller, before there was a result */
};

typedef struct glissade_context glissade_context;
typedef struct glissade_snapshot glissade_snapshot;
typedef struct glissade_learner glissade_learner;
typedef struct glissade_filter glissade_filter;
typedef struct glissade_pipeline glissade_pipeline;
typedef struct glissade_model glissade_model;
typedef struct glissade_record_rows glissade_record_rows;
typedef struct glissade_history_rows glissade_history_rows;
typedef struct glissade_explanation glissade_explanation;

/* GLISSADE_ABI of the library at hand, and its version as text. */
GLISSADE_API uint32_t glissade_abi(void);
GLISSADE_API const char* glissade_version(void);

/* Where errors are told, and buffers of queries are kept. Null only where there is no memory. */
GLISSADE_API glissade_context* glissade_context_new(void);
GLISSADE_API void glissade_context_free(glissade_context* context);
/* The line of the last function that failed with this context; "" before the first one. Valid until the next call with it. */
GLISSADE_API const char* glissade_error(const glissade_context* context);

/* Sparse rows: row r has entries offsets[r] .. offsets[r + 1] - 1. `offsets` has rows + 1 of them. Without values each is 1. */
typedef struct glissade_rows {
  uint64_t rows;
  const uint64_t* offsets;
  const uint32_t* ids;
  const float* values; /* or null */
} glissade_rows;

/* Dense rows beside sparse ones, such as sentence vectors: `width` floats each, `stride` floats apart. */
typedef struct glissade_vectors {
  uint64_t rows;
  const float* numbers;
  uint64_t stride;
  uint32_t width;
} glissade_vectors;

/* ------------------------------------------------------------------------------------------------------------ answering */

GLISSADE_API glissade_status glissade_snapshot_load(glissade_context* context, const char* path, glissade_snapshot** out);
GLISSADE_API void glissade_snapshot_free(glissade_snapshot* snapshot);

typedef struct glissade_info {
  uint32_t size; /* sizeof(glissade_info) */
  uint32_t features, labels;
  uint32_t width; /* of vectors */
  uint64_t version;
  uint64_t training_samples;
  uint64_t memory;       /* bytes */
  uint32_t vector_width; /* numbers of the vector that each row has beside its features; 0: none */
} glissade_info;
GLISSADE_API glissade_status glissade_snapshot_info(glissade_context* context, const glissade_snapshot* snapshot,
                                                    glissade_info* out);

enum { GLISSADE_SEARCH_AUTOMATIC = 0, GLISSADE_SEARCH_EXACT = 1, GLISSADE_SEARCH_TABLES = 2, GLISSADE_SEARCH_LEARNED = 3 };

typedef struct glissade_query {
  uint32_t size;                   /* sizeof(glissade_query) */
  uint32_t k;                      /* labels per row, 1 .. 1000; default 5 */
  uint32_t search;                 /* GLISSADE_SEARCH_ */
  uint32_t probabilities;          /* not 0: probabilities instead of scores */
  uint32_t leave_out_unknown;      /* not 0: features that the model does not have are left out; else they are an error */
  uint32_t timeout_ms;             /* 0: none */
  const glissade_filter* filter;   /* labels that may be answers; null: all */
  const glissade_rows* excluded;   /* per row labels that are no answers; null: none */
  const glissade_vectors* vectors; /* one per row, for a model that takes vectors; else null */
} glissade_query;
GLISSADE_API void glissade_query_init_sized(glissade_query* query, size_t size);
#define glissade_query_init(query) glissade_query_init_sized((query), sizeof *(query))

#define GLISSADE_NO_LABEL 0xffffffffu

/* The best k labels of each row, best first: labels and scores have room for rows * k. Places without an answer have
 * GLISSADE_NO_LABEL. `query` may be null: defaults. */
GLISSADE_API glissade_status glissade_top_k(glissade_context* context, const glissade_snapshot* snapshot,
                                            const glissade_rows* features, const glissade_query* query, uint32_t* labels,
                                            float* scores);
/* Scores of given labels, in their order: `scores` has room for all of candidates->ids. This function, glissade_encode(),
 * glissade_learn() and glissade_explain() are for models that take no vectors; each has one beside it, ..._with_vectors(), for
 * those that do: `vectors` has one per row of `features`, or is null, which is the same as without. */
GLISSADE_API glissade_status glissade_score(glissade_context* context, const glissade_snapshot* snapshot,
                                            const glissade_rows* features, const glissade_rows* candidates, float* scores);
GLISSADE_API glissade_status glissade_score_with_vectors(glissade_context* context, const glissade_snapshot* snapshot,
                                                         const glissade_rows* features, const glissade_vectors* vectors,
                                                         const glissade_rows* candidates, float* scores);
/* What the last hidden layer makes of rows: `out` has room for rows * width. */
GLISSADE_API glissade_status glissade_encode(glissade_context* context, const glissade_snapshot* snapshot,
                                             const glissade_rows* features, float* out);
GLISSADE_API glissade_status glissade_encode_with_vectors(glissade_context* context, const glissade_snapshot* snapshot,
                                                          const glissade_rows* features, const glissade_vectors* vectors,
                                                          float* out);
/* Vectors of all labels: `vectors` has room for labels * width, `bias` for labels. */
GLISSADE_API glissade_status glissade_label_vectors(glissade_context* context, const glissade_snapshot* snapshot, float* vectors,
                                                    float* bias);

/* GLISSADE_NOT_FOUND where nobody has that name. */
GLISSADE_API glissade_status glissade_label_id(glissade_context* context, const glissade_snapshot* snapshot, const char* name,
                                               size_t length, uint32_t* id);
GLISSADE_API glissade_status glissade_feature_id(glissade_context* context, const glissade_snapshot* snapshot, const char* name,
                                                 size_t length, uint32_t* id);
/* Not ended by a zero; as long as the snapshot lives. Null without names or beyond the last one. */
GLISSADE_API const char* glissade_label_name(const glissade_snapshot* snapshot, uint32_t id, size_t* length);
GLISSADE_API const char* glissade_feature_name(const glissade_snapshot* snapshot, uint32_t id, size_t* length);

/* All of `labels` labels may be answers, or (permitted = 0) none, until something else is said of some. */
GLISSADE_API glissade_filter* glissade_filter_new(uint32_t labels, int permitted);
GLISSADE_API void glissade_filter_free(glissade_filter* filter);
/* Labels beyond the last one are passed over. Not while others use the filter. */
GLISSADE_API void glissade_filter_set(glissade_filter* filter, const uint32_t* labels, size_t count, int permitted);

/* ---------------------------------------------------------------------------------------------------------------- texts */

/* What turns records with named columns into features, for a model that was trained on such. Keeps nothing of the snapshot. */
GLISSADE_API glissade_status glissade_pipeline_new(glissade_context* context, const glissade_snapshot* snapshot,
                                                   glissade_pipeline** out);
GLISSADE_API void glissade_pipeline_free(glissade_pipeline* pipeline);
GLISSADE_API uint32_t glissade_pipeline_columns(const glissade_pipeline* pipeline);
GLISSADE_API const char* glissade_pipeline_column(const glissade_pipeline* pipeline, uint32_t column);
/* The features of one record: a text per column (null: none), each of lengths[column] bytes of UTF-8. `out` points into the
 * context and is valid until its next use. */
GLISSADE_API glissade_status glissade_pipeline_row(glissade_context* context, const glissade_pipeline* pipeline,
                                                   const char* const* texts, const size_t* lengths, glissade_rows* out);

enum { GLISSADE_COLUMN_TEXT = 0, GLISSADE_COLUMN_CATEGORIES = 1, GLISSADE_COLUMN_NUMBERS = 2 };

/* Records with named columns, and how a pipeline makes features of them (glissade/pipeline.h). */
typedef struct glissade_records {
  uint32_t size; /* sizeof(glissade_records) */
  uint32_t columns;
  uint64_t rows;
  const char* const* texts; /* rows * columns, row-major, each lengths[i] bytes of UTF-8; null: no text */
  const uint64_t* lengths;
  /* The rest is for glissade_fit_records() alone. */
  const char* const* names;   /* of the columns, ended by zeros */
  const uint32_t* kinds;      /* GLISSADE_COLUMN_ */
  const char* const* phrases; /* such as names of labels: runs of words of theirs become features; null: none */
  uint64_t phrase_count;
  const char* stemmer; /* a Snowball algorithm; null: none */
  uint32_t word_ngrams, shortest_piece, longest_piece, columns_apart, min_rows, max_features;
} glissade_records;
GLISSADE_API void glissade_records_init_sized(glissade_records* records, size_t size);
#define glissade_records_init(records) glissade_records_init_sized((records), sizeof *(records))

/* Makes a pipeline out of training records, and their rows. */
GLISSADE_API glissade_status glissade_fit_records(glissade_context* context, const glissade_records* records,
                                                  glissade_record_rows** out);
/* Rows of records by a pipeline; `records` has as many columns, in the same order. */
GLISSADE_API glissade_status glissade_pipeline_rows(glissade_context* context, const glissade_pipeline* pipeline,
                                                    const glissade_records* records, glissade_record_rows** out);
GLISSADE_API void glissade_record_rows_free(glissade_record_rows* rows);
/* Valid as long as `rows`, as are names and notes. */
GLISSADE_API void glissade_record_rows_view(const glissade_record_rows* rows, glissade_rows* out);
/* Of a fit: the names of `*features` features for glissade_training.feature_names, and the notes for its data_notes. */
GLISSADE_API const char* const* glissade_record_rows_names(const glissade_record_rows* rows, uint32_t* features);
GLISSADE_API const char* glissade_record_rows_notes(const glissade_record_rows* rows);

/* ------------------------------------------------------------------------------------------------------------ histories */

/* Items of users (sessions, or other things), oldest first, and how they become rows (glissade/histories.h): user u has the
 * events offsets[u] .. offsets[u + 1] - 1, from 0. */
typedef struct glissade_histories {
  uint32_t size;  /* sizeof(glissade_histories) */
  uint32_t items; /* M: how many different ones are known */
  uint64_t users;
  const uint64_t* offsets;
  const uint32_t* item;    /* of each event; M stands for an unknown one */
  const float* weights;    /* above 0; null: all count alike */
  const int64_t* times;    /* ascending for a user, such as seconds; null: not known */
  const double* fractions; /* what each time has behind the point, 0 to below 1; null: nothing */
  double decay, half_life, mean_weight;
  uint32_t window;
  uint32_t unordered; /* not 0: the order of a user's events means nothing; decay, window and times do not count */
} glissade_histories;
GLISSADE_API void glissade_histories_init_sized(glissade_histories* histories, size_t size);
#define glissade_histories_init(histories) glissade_histories_init_sized((histories), sizeof *(histories))

/* Whether the order of each user's events tells something, 1 or 0 (order_evidence() in glissade/histories.h). `names` of the M
 * items may be null; they tell what is sorted. */
GLISSADE_API glissade_status glissade_histories_order_tells(glissade_context* context, const glissade_histories* histories,
                                                            const char* const* names, int* out);
/* For training (`training` not 0): a row for each event that has another before it, which is what the next item is told by, the
 * item as label. Else a row for each user: what is to follow. Features: 2 M. Fails if there is no row, and on illegal arrays.
 * Unordered: for training up to five rows for each user, of which each asks for some of its items by the others. Features: M. */
GLISSADE_API glissade_status glissade_history_rows_new(glissade_context* context, const glissade_histories* histories,
                                                       int training, glissade_history_rows** out);
GLISSADE_API void glissade_history_rows_free(glissade_history_rows* rows);
/* Valid as long as `rows`. Either may be null. */
GLISSADE_API void glissade_history_rows_view(const glissade_history_rows* rows, glissade_rows* features, glissade_rows* labels);
/* Not 0: no item is among those before it, and chance would have put some there. */
GLISSADE_API int glissade_history_rows_never_repeat(const glissade_history_rows* rows);

/* ------------------------------------------------------------------------------------------------------------- learning */

typedef struct glissade_learner_options {
  uint32_t size; /* sizeof(glissade_learner_options) */
  uint32_t batch;
  double learning_rate; /* of the hidden path; 0: a tenth of the model's; negative: it stays as it is */
  uint32_t keep_examples, refit_every, show_after, threads;
  uint32_t keep_events; /* 0: all */
} glissade_learner_options;
/* What they mean: glissade/learner.h. */
GLISSADE_API void glissade_learner_options_init_sized(glissade_learner_options* options, size_t size);
#define glissade_learner_options_init(options) glissade_learner_options_init_sized((options), sizeof *(options))

/* `options` may be null. */
GLISSADE_API glissade_status glissade_learner_load(glissade_context* context, const char* path,
                                                   const glissade_learner_options* options, glissade_learner** out);
GLISSADE_API void glissade_learner_free(glissade_learner* learner);
/* Row r of `features` goes with row r of `labels`. Refuses illegal rows, and then has learned from none. */
GLISSADE_API glissade_status glissade_learn(glissade_context* context, glissade_learner* learner, const glissade_rows* features,
                                            const glissade_rows* labels);
GLISSADE_API glissade_status glissade_learn_with_vectors(glissade_context* context, glissade_learner* learner,
                                                         const glissade_rows* features, const glissade_vectors* vectors,
                                                         const glissade_rows* labels);
/* Names are ended by zeros; null for a model without names. */
GLISSADE_API glissade_status glissade_add_labels(glissade_context* context, glissade_learner* learner, uint32_t count,
                                                 const char* const* names, uint32_t* first);
GLISSADE_API glissade_status glissade_add_features(glissade_context* context, glissade_learner* learner, uint32_t count,
                                                   const char* const* names, uint32_t* first);
GLISSADE_API glissade_status glissade_retire(glissade_context* context, glissade_learner* learner, const uint32_t* labels,
                                             size_t count);
GLISSADE_API glissade_status glissade_restore(glissade_context* context, glissade_learner* learner, const uint32_t* labels,
                                              size_t count);
/* A snapshot of what has been learned, to be freed like any other; `out` may be null: for glissade_learner_current(). */
GLISSADE_API glissade_status glissade_publish(glissade_context* context, glissade_learner* learner, glissade_snapshot** out);
GLISSADE_API glissade_status glissade_learner_current(glissade_context* context, const glissade_learner* learner,
                                                      glissade_snapshot** out);
GLISSADE_API glissade_status glissade_learner_save(glissade_context* context, glissade_learner* learner, const char* path);

/* ------------------------------------------------------------------------------------------------------------- training */

enum {                                   /* what a training is busy with */
       GLISSADE_ACTIVITY_PREPARING = -1, /* choices that the data make; before the first pass */
       GLISSADE_ACTIVITY_EPOCH_DONE = -2
       /* 0 and more: the others, glissade/phases.h */
};

typedef struct glissade_progress {
  uint32_t size;         /* sizeof(glissade_progress) */
  int32_t activity;      /* GLISSADE_ACTIVITY_ */
  double activity_share; /* how much of the activity is done, 0 .. 1 */
  double seconds_left;   /* of the whole training; below 0: unknown */
  uint32_t epoch, epochs;
  uint64_t samples_done, samples_total; /* in this epoch */
  double seconds;                       /* in this epoch */
  double loss;                          /* mean of this epoch so far */
  double precision_at_1;                /* of the training samples within their active sets */
  double samples_per_second;
} glissade_progress;

typedef struct glissade_training {
  uint32_t size;                    /* sizeof(glissade_training) */
  uint32_t features, labels;        /* how many there are; 0: as many as the highest id says */
  const char* preset;               /* null: the data choose one */
  const char* effort;               /* "quick", "default" or "best"; null: "default" */
  const char* options;              /* lines "name = value", names and values as on the command line; null: none */
  const char* const* label_names;   /* `labels` of them, ended by zeros; null: none */
  const char* const* feature_names; /* `features` of them; null: none */
  const char* data_notes;           /* glissade_record_rows_notes(), where the rows are of a pipeline; else null */
  /* Both may be null. `on_progress` is called a few times a second and after each epoch, from any thread, by one at a time. 0
   * stops the training within some tenths of a second; the model is then what was trained so far. `on_note` takes a line about
   * each choice that the data make, from the calling thread. */
  int (*on_progress)(void* user, const glissade_progress* progress);
  void (*on_note)(void* user, const char* line);
  void* user;
  /* 0: rows of any kind. Else bits: GLISSADE_HISTORIES, rows of glissade_history_rows_new(); GLISSADE_NEVER_REPEATS, of which
   * glissade_history_rows_never_repeat() is true; GLISSADE_SETS, of unordered histories. */
  uint32_t histories;
  const glissade_vectors* vectors; /* one per row, beside its features, which may be none; null: the model takes none */
  const float* weights; /* how much each row counts, 0 or more: the ratios count, and rows of 0 are left out; null: all alike */
} glissade_training;
enum { GLISSADE_HISTORIES = 1, GLISSADE_NEVER_REPEATS = 2, GLISSADE_SETS = 4 };
GLISSADE_API void glissade_training_init_sized(glissade_training* training, size_t size);
#define glissade_training_init(training) glissade_training_init_sized((training), sizeof *(training))

/* Trains a new model on rows of features and of labels (whose values count for nothing), as `glissade train` does: the same rows,
 * options and seed give the same model file, byte for byte. `training` may be null. The rows must stay as they are meanwhile and
 * are not copied unless some of them are left out. GLISSADE_STOPPED where `on_progress` said so before there was a model.
 * Stopped later: GLISSADE_OK, and glissade_model_info() says how many epochs were done. */
GLISSADE_API glissade_status glissade_train(glissade_context* context, const glissade_rows* features, const glissade_rows* labels,
                                            const glissade_training* training, glissade_model** out);
/* Of a file. `for_training` 0: weights are mapped, and saving leaves the training state out. */
GLISSADE_API glissade_status glissade_model_load(glissade_context* context, const char* path, int for_training,
                                                 glissade_model** out);
GLISSADE_API void glissade_model_free(glissade_model* model);
/* Written to a temporary file, synced, renamed. Without the training state the file is smaller and cannot be trained on. */
GLISSADE_API glissade_status glissade_model_save(glissade_context* context, const glissade_model* model, const char* path,
                                                 int with_training_state);
/* To answer from; the model may be freed before it. Shares the weights. */
GLISSADE_API glissade_status glissade_model_snapshot(glissade_context* context, const glissade_model* model,
                                                     glissade_snapshot** out);

typedef struct glissade_model_facts {
  uint32_t size; /* sizeof(glissade_model_facts) */
  uint32_t features, labels;
  uint32_t epochs_done, epochs; /* less than all: stopped */
  uint32_t trainable;           /* 0: without its training state */
  uint64_t training_samples, parameters;
  float threshold;       /* the least probability of labels that are worth giving; below 0: the model has no calibration */
  uint32_t vector_width; /* as in glissade_info */
} glissade_model_facts;
GLISSADE_API glissade_status glissade_model_info(glissade_context* context, const glissade_model* model,
                                                 glissade_model_facts* out);
/* Why labels are answers (glissade/explain.h): the k best labels of one row. What belongs to label i of `labels` begins at
 * feature_offsets[i] and neighbour_offsets[i] and ends where that of the next one begins. Valid as long as the explanation. */
typedef struct glissade_reasons {
  uint32_t size; /* sizeof(glissade_reasons) */
  uint32_t labels;
  const uint32_t* label;
  const float *score, *probability, *base;
  const float* shares;             /* labels * 6: hidden, sparse rows, neighbours, names, co-labels, prior */
  const uint64_t* feature_offsets; /* labels + 1 */
  const uint32_t* feature;
  const float *by, *by_score;
  const uint64_t* neighbour_offsets; /* labels + 1 */
  const uint64_t* neighbour;         /* training rows */
  const float* likeness;
} glissade_reasons;
GLISSADE_API glissade_status glissade_explain(glissade_context* context, const glissade_model* model, const glissade_rows* row,
                                              uint32_t k, glissade_explanation** out);
GLISSADE_API glissade_status glissade_explain_with_vectors(glissade_context* context, const glissade_model* model,
                                                           const glissade_rows* row, const glissade_vectors* vector, uint32_t k,
                                                           glissade_explanation** out);
GLISSADE_API void glissade_explanation_free(glissade_explanation* explanation);
GLISSADE_API void glissade_explanation_view(const glissade_explanation* explanation, glissade_reasons* out);

/* Of a model that was trained on a running text: the vectors of its words, which are its labels. `vectors` has room for labels *
 * width (glissade_snapshot_info). */
GLISSADE_API glissade_status glissade_word_vectors(glissade_context* context, const glissade_model* model, float* vectors);

/* What the model keeps of how its rows are made. Valid as long as the model. */
GLISSADE_API const char* glissade_model_data_notes(const glissade_model* model);
/* Lines "name = value" of all options of the model. Valid until the next use of the context; null without memory. */
GLISSADE_API const char* glissade_model_options(glissade_context* context, const glissade_model* model);

#ifdef __cplusplus
}
#endif

#endif
