{{/* Labels that select the pods; they never change within a release line, because a selector cannot. */}}
{{- define "lantern.selector" -}}
app.kubernetes.io/name: lantern
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "lantern.labels" -}}
{{ include "lantern.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: lantern
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Name of every object. */}}
{{- define "lantern.name" -}}
{{ .Release.Name }}
{{- end }}
