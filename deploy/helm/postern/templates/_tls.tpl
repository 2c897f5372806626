{{/* The serving certificate where the chart makes it: kept by upgrades, for `lookup` finds what an install made. */}}

{{- define "postern.tlsSecret" -}}
{{- if eq .Values.tls.mode "ExistingSecret" }}
{{- .Values.tls.existingSecret }}
{{- else }}
{{- include "postern.fullname" . }}-tls
{{- end }}
{{- end }}

{{- define "postern.authoritySecret" -}}
{{ include "postern.fullname" . }}-authority
{{- end }}

{{/*
What the two Secrets hold, as JSON: {authority: {crt, key}, serving: {crt, key}, hosts, renewAfter}, certificates and keys in base64. Kept as
long as its names are those that are wanted and two thirds of its life are not over; a new one is of the same authority, so that callers
who trust that notice nothing.
*/}}
{{- define "postern.selfSigned" -}}
{{- $hosts := include "postern.hosts" . | fromJsonArray }}
{{- $wanted := join "," $hosts }}
{{- $days := int .Values.tls.selfSigned.validityDays }}
{{- $authority := lookup "v1" "Secret" .Release.Namespace (include "postern.authoritySecret" .) }}
{{- $serving := lookup "v1" "Secret" .Release.Namespace (include "postern.tlsSecret" .) }}
{{- $notes := dig "metadata" "annotations" (dict) (default (dict) $serving) }}
{{- $renewAfter := get $notes "postern.dev/renew-after" }}
{{- $isCurrent := and $authority $serving (eq (get $notes "postern.dev/hosts") $wanted) (gt (int64 (default "0" $renewAfter)) (now | unixEpoch | int64)) }}
{{- if $isCurrent }}
{{- dict "authority" (dict "crt" (index $authority.data "tls.crt") "key" (index $authority.data "tls.key")) "serving" (dict "crt" (index $serving.data "tls.crt") "key" (index $serving.data "tls.key")) "hosts" $wanted "renewAfter" $renewAfter | toJson }}
{{- else }}
{{- $ca := "" }}
{{- if $authority }}
{{- $ca = buildCustomCert (index $authority.data "tls.crt") (index $authority.data "tls.key") }}
{{- else }}
{{- $ca = genCA (printf "%s authority" (include "postern.fullname" .)) 7300 }}
{{- end }}
{{- $names := list }}
{{- $addresses := list }}
{{- range $hosts }}
{{- if or (regexMatch "^[0-9.]+$" .) (contains ":" .) }}{{ $addresses = append $addresses . }}{{ else }}{{ $names = append $names . }}{{ end }}
{{- end }}
{{- $pair := genSignedCert (first $hosts) $addresses $names $days $ca }}
{{- $renew := add (now | unixEpoch | int64) (div (mul $days 86400 2) 3) }}
{{- dict "authority" (dict "crt" ($ca.Cert | b64enc) "key" ($ca.Key | b64enc)) "serving" (dict "crt" ($pair.Cert | b64enc) "key" ($pair.Key | b64enc)) "hosts" $wanted "renewAfter" (toString $renew) | toJson }}
{{- end }}
{{- end }}
