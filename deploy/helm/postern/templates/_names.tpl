{{/* Names and labels of the objects. */}}

{{- define "postern.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* At most 52 characters, for the longest suffix that a name gets here has 11. */}}
{{- define "postern.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "postern.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "postern.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Objects of the whole cluster are named after the namespace, too: two releases may have one name. */}}
{{- define "postern.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "postern.fullname" .) }}
{{- end }}

{{- define "postern.selector" -}}
app.kubernetes.io/name: {{ include "postern.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "postern.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "postern.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "postern.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "postern.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "postern.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{/* What callers connect to by name: the Service's own names, then those of the values. A JSON list. */}}
{{- define "postern.hosts" -}}
{{- $service := include "postern.fullname" . }}
{{- $own := list $service (printf "%s.%s" $service .Release.Namespace) (printf "%s.%s.svc" $service .Release.Namespace) (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) }}
{{- $routes := concat (ternary .Values.gateway.hostnames (list) .Values.gateway.enabled) (ternary .Values.ingress.hosts (list) .Values.ingress.enabled) }}
{{- concat $own .Values.tls.hosts $routes | uniq | toJson }}
{{- end }}

{{/* Whether TLS of callers ends at a controller in front, which then has to pass upgrades. */}}
{{- define "postern.isLayer7" -}}
{{- if and .Values.ingress.enabled (eq .Values.ingress.passthrough "None") }}true{{ end }}
{{- end }}
