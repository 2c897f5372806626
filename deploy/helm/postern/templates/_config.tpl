{{/* What Postern is told, and what follows of it for its pods. */}}

{{/* The configuration file: `config`, with what the chart knows better. */}}
{{- define "postern.config" -}}
{{- $own := dict
  "apiVersion" "postern.dev/v1"
  "kind" "GateConfiguration"
  "listen" (dict "address" (printf ":%d" (int .Values.ports.https)) "tls" (dict "certFile" "/etc/postern/tls/tls.crt" "keyFile" "/etc/postern/tls/tls.key"))
  "ops" (dict "address" (printf ":%d" (int .Values.ports.ops))) }}
{{- mergeOverwrite (deepCopy .Values.config) $own | toYaml }}
{{- end }}

{{/* Keys that count only after a restart (src/reload.ts): when one of them changes, the pods are replaced. */}}
{{- define "postern.restartKeys" -}}
{{- $listen := dig "listen" (dict) .Values.config }}
{{- $webhook := dig "tokenWebhook" (dict) .Values.config }}
{{- $keys := list .Values.ports (not (empty (dig "clientCAFile" "" $listen))) (dig "address" "" $webhook) }}
{{- with dig "sessions" "registry" nil .Values.config }}{{ $keys = append $keys . }}{{ end }}
{{- $keys | toJson | sha256sum }}
{{- end }}

{{/* `1h30m` in seconds, rounded up. */}}
{{- define "postern.seconds" -}}
{{- $text := . }}
{{- $ms := regexFind "[0-9]+ms$" $text }}
{{- $rest := trimSuffix $ms $text }}
{{- $hours := regexFind "[0-9]+h" $rest | trimSuffix "h" | int }}
{{- $minutes := regexFind "[0-9]+m" $rest | trimSuffix "m" | int }}
{{- $seconds := regexFind "[0-9]+s" $rest | trimSuffix "s" | int }}
{{- add (mul $hours 3600) (mul $minutes 60) $seconds (ternary 0 1 (empty $ms)) }}
{{- end }}

{{- define "postern.drainTimeout" -}}
{{- if .Values.existingConfig.kind }}
{{- .Values.existingConfig.drainTimeout }}
{{- else }}
{{- dig "sessions" "drainTimeout" "5m" .Values.config }}
{{- end }}
{{- end }}

{{/* Seconds for which new connections are still taken after SIGTERM; of a configuration that the chart does not know, part of its drainTimeout. */}}
{{- define "postern.drainDelaySeconds" -}}
{{- if .Values.existingConfig.kind }}0{{ else }}{{ include "postern.seconds" (dig "sessions" "drainDelay" "0s" .Values.config) }}{{ end }}
{{- end }}

{{/* Seconds before SIGTERM; 0 where the cluster has no `sleep` handler. */}}
{{- define "postern.preStopSeconds" -}}
{{- ternary (int .Values.drain.preStopSeconds) 0 (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) }}
{{- end }}

{{- define "postern.graceSeconds" -}}
{{- with .Values.drain }}
{{- if .terminationGracePeriodSeconds }}
{{- int .terminationGracePeriodSeconds }}
{{- else }}
{{- add (include "postern.preStopSeconds" $) (include "postern.drainDelaySeconds" $) (include "postern.seconds" (include "postern.drainTimeout" $)) (int .marginSeconds) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Clusters that are reached by the pod's own account; a JSON list. Of a configuration that the chart does not know: one, assumed. */}}
{{- define "postern.ownClusters" -}}
{{- $own := list }}
{{- if .Values.existingConfig.kind }}
{{- $own = list (dict "inCluster" true) }}
{{- else }}
{{- range .Values.config.clusters }}
{{- if .inCluster }}{{ $own = append $own . }}{{ end }}
{{- end }}
{{- end }}
{{- $own | toJson }}
{{- end }}

{{/* What JSON Schema cannot say, and `postern check` would refuse: fails with its words. */}}
{{- define "postern.checkConfig" -}}
{{- $names := list }}
{{- $lastResort := "" }}
{{- range $index, $cluster := .Values.config.clusters }}
{{- if has $cluster.name $names }}
{{- fail (printf "config.clusters[%d].name: %q is the name of another cluster already; names are unique" $index $cluster.name) }}
{{- end }}
{{- $names = append $names $cluster.name }}
{{- $match := default (dict) $cluster.match }}
{{- if and (empty $match.pathPrefix) (empty $match.hosts) }}
{{- if $lastResort }}
{{- fail (printf "config.clusters[%d].match: missing, as in %s: only one cluster may take what no other takes; give it match.pathPrefix or match.hosts" $index $lastResort) }}
{{- end }}
{{- $lastResort = printf "config.clusters[%d]" $index }}
{{- end }}
{{- end }}
{{- end }}

{{/* `files` become a ConfigMap, which more people may read than Secrets (the cluster's role `view` has it): no credential may be among them. */}}
{{- define "postern.checkFiles" -}}
{{- range $name, $content := .Values.files }}
{{- $isKey := regexMatch "PRIVATE KEY-----|client-key-data" $content }}
{{- $isToken := and (regexMatch "current-context" $content) (regexMatch "(^|[\\s{,\"'])token[\"']?\\s*:" $content) }}
{{- if or $isKey $isToken }}
{{- fail (printf "files: %q holds a private key or a token, and would lie in a ConfigMap: mount it from a Secret by extraVolumes and extraVolumeMounts" $name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The volumes and mounts that make the same paths for the gate and for `helm test`. */}}
{{- define "postern.volumes" -}}
- name: config
{{- if eq .Values.existingConfig.kind "Secret" }}
  secret:
    secretName: {{ .Values.existingConfig.name | quote }}
{{- else }}
  configMap:
    name: {{ default (include "postern.fullname" .) (ternary .Values.existingConfig.name "" (eq .Values.existingConfig.kind "ConfigMap")) | quote }}
{{- end }}
- name: tls
  secret:
    secretName: {{ include "postern.tlsSecret" . | quote }}
    defaultMode: 0440
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "postern.mounts" -}}
- name: config
  mountPath: /etc/postern/config
  readOnly: true
- name: tls
  mountPath: /etc/postern/tls
  readOnly: true
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Arguments that name the configuration; of one that the chart did not write, the listeners and the certificate are set, too. */}}
{{- define "postern.configArgs" -}}
- --config
- /etc/postern/config/{{ if .Values.existingConfig.kind }}{{ .Values.existingConfig.key }}{{ else }}postern.yaml{{ end }}
{{- if .Values.existingConfig.kind }}
- --set
- listen.address=:{{ .Values.ports.https }}
- --set
- listen.tls.certFile=/etc/postern/tls/tls.crt
- --set
- listen.tls.keyFile=/etc/postern/tls/tls.key
- --set
- ops.address=:{{ .Values.ports.ops }}
{{- end }}
{{- range .Values.overrides }}
- --set
- {{ . | quote }}
{{- end }}
{{- end }}
