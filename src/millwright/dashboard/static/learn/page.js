// What belongs to the whole page: light or dark, and the way back to the dashboard, which needs its server.
"use strict";

Theme.show();
byId("theme").addEventListener("click", Theme.next);
byId("dashboard").hidden = location.protocol === "file:";
