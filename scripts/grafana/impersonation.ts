// The row of the overview about `kubectl --as`.

import type { Row } from './dashboard.ts';
import { series } from './panels.ts';
import { CLUSTERS, quantile, rate } from './selectors.ts';

const REVIEWS = { metric: 'postern_subject_access_review_duration_seconds', selector: CLUSTERS };

/** What the clusters say to it, and how long they take. */
export const impersonation: Row = {
  title: 'kubectl --as',
  height: 8,
  panels: [
    series({
      title: 'Impersonation, by answer',
      description:
        'Requests with --as that the cluster was asked about. Many denied from one person: somebody looks for a way; the log has user and as.',
      unit: 'ops',
      queries: [
        {
          expr: rate('postern_impersonation_checks_total', CLUSTERS, ['cluster', 'outcome']),
          legend: '{{cluster}} {{outcome}}',
        },
      ],
    }),
    series({
      title: 'Time of a question, slowest hundredth',
      description:
        'What a SubjectAccessReview takes; a request with --as waits for several. Slow: an authorization webhook behind the API server.',
      unit: 's',
      queries: [{ expr: quantile(0.99, REVIEWS, ['cluster', 'outcome']), legend: '{{cluster}} {{outcome}}' }],
    }),
  ],
};
