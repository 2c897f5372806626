{{/* What Postern's account may do: docs/how-to/gate-account.md, narrowed by what the configuration uses and the values allow. */}}

{{/* Constrained or Classic; empty where no cluster is reached by impersonating with the pod's own account. */}}
{{- define "postern.impersonation" -}}
{{- $isUsed := false }}
{{- range include "postern.ownClusters" . | fromJsonArray }}
{{- if eq (default "Impersonate" .identity) "Impersonate" }}{{ $isUsed = true }}{{ end }}
{{- end }}
{{- if not $isUsed }}
{{- else if ne .Values.rbac.impersonation "Auto" }}
{{- .Values.rbac.impersonation }}
{{- else if or (dig "authentication" "awsIAM" false .Values.config) (semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version) }}
{{- "Classic" }}
{{- else }}
{{- "Constrained" }}
{{- end }}
{{- end }}

{{/* Whether somebody may act as somebody else (`kubectl --as`), which the cluster is asked about. */}}
{{- define "postern.asksForAs" -}}
{{- range include "postern.ownClusters" . | fromJsonArray }}
{{- if and (eq (default "Impersonate" .identity) "Impersonate") (ne (default "Check" .impersonation) "Refuse") }}true{{ end }}
{{- end }}
{{- end }}

{{/* Whether service accounts' tokens are let in. */}}
{{- define "postern.letsAccountsIn" -}}
{{- $door := dig "authentication" "serviceAccounts" nil .Values.config }}
{{- if .Values.existingConfig.kind }}
{{- if .Values.rbac.serviceAccountNamespaces }}true{{ end }}
{{- else if not (kindIs "invalid" $door) }}
{{- if empty .Values.rbac.serviceAccountNamespaces }}
{{- fail "config.authentication.serviceAccounts lets service accounts in: name their namespaces in rbac.serviceAccountNamespaces, or write [\"*\"] for all" }}
{{- end }}
{{- "true" }}
{{- end }}
{{- end }}

{{/* uids, and the extra keys that a person may have. A JSON list. */}}
{{- define "postern.userResources" -}}
{{- $authentication := default (dict) .Values.config.authentication }}
{{- $keys := list "authentication.kubernetes.io/credential-id" }}
{{- if include "postern.asksForAs" . }}{{ $keys = append $keys "postern.dev/original-user" }}{{ end }}
{{- range $authentication.jwt }}
{{- range dig "claimMappings" "extra" (list) . }}{{ $keys = append $keys .key }}{{ end }}
{{- end }}
{{- if $authentication.awsIAM }}
{{- $keys = concat $keys (list "accesskeyid" "arn" "canonicalarn" "principalid" "sessionname") }}
{{- end }}
{{- $resources := list "uids" }}
{{- range concat $keys .Values.rbac.extraKeys | uniq }}{{ $resources = append $resources (printf "userextras/%s" .) }}{{ end }}
{{- $resources | toJson }}
{{- end }}

{{/* Who may be stood for, by verbs of one kind. Takes root, the verb, and the API group of users and groups. */}}
{{- define "postern.peopleRules" -}}
{{- $root := .root }}
{{- $users := $root.Values.rbac.users }}
{{- $groups := $root.Values.rbac.groups }}
{{- if dig "authentication" "anonymous" "enabled" false $root.Values.config }}
{{- if $users }}{{ $users = append $users "system:anonymous" }}{{ end }}
{{- if $groups }}{{ $groups = append $groups "system:unauthenticated" }}{{ end }}
{{- end }}
- apiGroups: [{{ .group | quote }}]
  resources: [users]
  verbs: [{{ .verb | quote }}]
  {{- with $users }}
  resourceNames: {{ toJson . }}
  {{- end }}
- apiGroups: [{{ .group | quote }}]
  resources: [groups]
  verbs: [{{ .verb | quote }}]
  {{- with $groups }}
  resourceNames: {{ toJson . }}
  {{- end }}
- apiGroups: [authentication.k8s.io]
  resources: {{ include "postern.userResources" $root }}
  verbs: [{{ .verb | quote }}]
{{- end }}

{{/* Service accounts with their groups, which only the verb `impersonate` can state. */}}
{{- define "postern.accountRules" -}}
{{- $everywhere := has "*" .Values.rbac.serviceAccountNamespaces }}
{{- $groups := list "system:authenticated" "system:serviceaccounts" }}
{{- range .Values.rbac.serviceAccountNamespaces }}{{ $groups = append $groups (printf "system:serviceaccounts:%s" .) }}{{ end }}
{{- if $everywhere }}
- apiGroups: [""]
  resources: [serviceaccounts, groups]
  verbs: [impersonate]
{{- else }}
# The accounts themselves: roles in their namespaces, below.
- apiGroups: [""]
  resources: [groups]
  verbs: [impersonate]
  resourceNames: {{ toJson $groups }}
{{- end }}
- apiGroups: [authentication.k8s.io]
  resources:
    - uids
    - userextras/authentication.kubernetes.io/pod-name
    - userextras/authentication.kubernetes.io/pod-uid
    - userextras/authentication.kubernetes.io/node-name
    - userextras/authentication.kubernetes.io/node-uid
  verbs: [impersonate]
{{- end }}

{{/* What rbac.actions is in values.yaml: everything. */}}
{{- define "postern.allActions" -}}
{{- $verbs := list "get" "list" "watch" "create" "update" "patch" "delete" "deletecollection" }}
{{- $others := list "get" "head" "post" "put" "patch" "delete" "options" }}
{{- list (dict "apiGroups" (list "*") "resources" (list "*") "verbs" $verbs) (dict "nonResourceURLs" (list "*") "verbs" $others) | toJson }}
{{- end }}

{{/* Whether the pod's own account impersonates service accounts. */}}
{{- define "postern.standsForAccounts" -}}
{{- if include "postern.impersonation" . }}{{ include "postern.letsAccountsIn" . }}{{ end }}
{{- end }}

{{/* Whether the cluster is asked whose a service account's token is: in any identity mode, with the pod's own account. */}}
{{- define "postern.reviewsTokens" -}}
{{- if .Values.existingConfig.kind }}
{{- include "postern.letsAccountsIn" . }}
{{- else if and (include "postern.ownClusters" . | fromJsonArray) (not (kindIs "invalid" (dig "authentication" "serviceAccounts" nil .Values.config))) }}
{{- "true" }}
{{- end }}
{{- end }}

{{/* All rules of the ClusterRole; empty where none are needed. */}}
{{- define "postern.rules" -}}
{{- $mode := include "postern.impersonation" . }}
{{- if eq $mode "Constrained" }}
# Constrained impersonation: whom Postern may stand for …
{{ include "postern.peopleRules" (dict "root" . "verb" "impersonate:user-info" "group" "authentication.k8s.io") }}
# … and what may be done then.
{{- range .Values.rbac.actions }}
- {{ range $key, $value := omit . "verbs" }}{{ $key }}: {{ toJson $value }}
  {{ end }}verbs: {{ $verbs := list }}{{ range .verbs }}{{ $verbs = append $verbs (printf "impersonate-on:user-info:%s" .) }}{{ end }}{{ toJson $verbs }}
{{- end }}
{{- else if eq $mode "Classic" }}
{{- if ne (toJson .Values.rbac.actions) (include "postern.allActions" .) }}
{{- fail "rbac.actions narrows people with constrained impersonation only, which needs Kubernetes 1.36, no authentication.awsIAM, and no rbac.impersonation: Classic: leave it out, and deny by config.authorization.rules" }}
{{- end }}
{{ include "postern.peopleRules" (dict "root" . "verb" "impersonate" "group" "") }}
{{- end }}
{{- if include "postern.standsForAccounts" . }}
{{ include "postern.accountRules" . }}
{{- end }}
{{- if include "postern.reviewsTokens" . }}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
{{- end }}
{{- if and $mode (include "postern.asksForAs" .) }}
# kubectl --as: the cluster is asked whether the caller may.
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end }}

{{/* The namespace of the list of sessions, where the pod's own account keeps it; else empty. */}}
{{- define "postern.registryNamespace" -}}
{{- $registry := dig "sessions" "registry" "kubernetes" nil .Values.config }}
{{- if and (not .Values.existingConfig.kind) (not (kindIs "invalid" $registry)) }}
{{- range include "postern.ownClusters" . | fromJsonArray }}
{{- if eq .name (default .name $registry.cluster) }}{{ default "postern" $registry.namespace }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
