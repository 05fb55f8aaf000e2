"""The page that a run's `html_url` leads to: what it did, and the buttons of the reviewers.

Nobody logs in here: whoever plays an incident in the sandbox may play the reviewer too.
"""

from flask import Blueprint, redirect, render_template_string, request
from werkzeug.wrappers import Response

from responder.sandbox.github.requests import Api

PAGE = """<!doctype html>
<title>{{ run.title }}</title>
<h1>{{ run.title }}</h1>
<p>{{ repository.full_name }}, {{ run.branch }}, asked for by {{ run.actor }}:
<b>{{ run.conclusion or run.status }}</b></p>
{% for gate in run.open_gates() %}{% for login in repository.environments[gate.environment].reviewing() %}
<form method="post">
<input type="hidden" name="environment" value="{{ gate.environment }}">
<input type="hidden" name="login" value="{{ login }}">
<button>Approve {{ gate.environment }} as {{ login }}</button>
</form>
{% endfor %}{% endfor %}
{% for job in run.jobs %}<h2>{{ job.name }}: {{ job.conclusion or job.status }}</h2>
{% for step in job.steps %}<h3>{{ step.name }}: {{ step.conclusion or step.status }}</h3>
<pre>{% for line in step.log %}{{ line }}
{% endfor %}</pre>{% endfor %}{% endfor %}
"""


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("pages", __name__)

    @routes.get("/<owner>/<name>/actions/runs/<int:run_id>")
    def show(owner: str, name: str, run_id: int) -> str:
        repository = api.state.repository(f"{owner}/{name}")
        return render_template_string(PAGE, repository=repository, run=repository.run(run_id))

    @routes.post("/<owner>/<name>/actions/runs/<int:run_id>")
    def approve(owner: str, name: str, run_id: int) -> Response:
        repository = api.state.repository(f"{owner}/{name}")
        run = repository.run(run_id)
        environment = repository.environment(request.form["environment"])
        login = request.form["login"]
        for gate in run.open_gates():
            if gate.environment == environment.name and environment.may_review(login, run.actor):
                run.review(gate, login, "approved", "", api.clock())
        return redirect(request.path)

    return routes
