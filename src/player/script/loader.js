// sluice.js, the one <script> of a page: written by hand in ECMAScript 5, because the browsers that need Flash know no
// more. It loads the player where the browser knows modules, and Flash's SWF where it does not. `Sluice.createPlayer`
// takes what the module's function takes; what it gives has `on`, `stats` and `destroy`, and waits for the player.
(function (window, document) {
  "use strict";
  if (window.Sluice) return;

  var scripts = document.getElementsByTagName("script");
  var script = document.currentScript || scripts[scripts.length - 1];
  var base = script.src.replace(/[^/]*([?#].*)?$/, "");
  /** The module's createPlayer; undefined before it has come. */
  var modern;
  /** Calls that wait for it. */
  var waiting = [];
  var asked = false;
  /** The SWF's states that have a name among the player's, by number. */
  var STATES = [0, "playing", "waiting"];
  /** What the SWFs of this page have to tell goes to these, by number. */
  var flashes = [];

  function load(failed) {
    waiting.push(failed);
    if (asked) return;
    asked = true;
    var module = document.createElement("script");
    module.type = "module";
    module.src = base + "script-module.js";
    if (script.nonce) module.nonce = script.nonce;
    module.onerror = function () {
      settle(module.src + " cannot be loaded");
    };
    document.head.appendChild(module);
  }

  function settle(problem) {
    asked = false;
    var calls = waiting;
    waiting = [];
    for (var i = 0; i < calls.length; i += 1) calls[i](problem);
  }

  function hasFlash() {
    try {
      if (navigator.plugins["Shockwave Flash"]) return true;
      return !!new window.ActiveXObject("ShockwaveFlash.ShockwaveFlash");
    } catch (_) {
      return false;
    }
  }

  function absolute(url) {
    var link = document.createElement("a");
    link.href = url;
    return link.href.replace(/^ws/, "http").replace(/"/g, "%22");
  }

  /** Puts the SWF in the element's place; see scripts/build-swf.mjs for what it tells. */
  function openFlash(video, url, options, emit) {
    var stats = {};
    var last;
    var id = flashes.push(function (state, width, height) {
      stats = { state: STATES[state] || "connecting", path: "flash", width: width, height: height };
      if (state === last) return;
      last = state;
      if (state === 1) emit("playing", {});
      if (state === 3)
        emit("error", problem("network", "not-found", false, url + ": nobody is publishing it"));
    });
    window.sluiceFlash = function (to, state, _time, width, height) {
      if (flashes[to - 1]) flashes[to - 1](state, width, height);
    };
    var quiet = options.muted === undefined ? options.autoplay !== false : options.muted;
    var swf = absolute(options.swfUrl || base + "sluice.swf");
    var vars = "url=" + encodeURIComponent(absolute(url)) + "&volume=" + (quiet ? 0 : 100) + "&id=" + id;
    var box = document.createElement("div");
    function parameter(name, value) {
      return '<param name="' + name + '" value="' + value + '">';
    }
    // Addresses come with their quotes encoded, and Internet Explorer takes no parameter afterwards.
    box.innerHTML =
      '<object type="application/x-shockwave-flash" width="' +
      (video.clientWidth || 640) +
      '" height="' +
      (video.clientHeight || 360) +
      '" data="' +
      swf +
      '">' +
      parameter("movie", swf) +
      parameter("flashvars", vars) +
      parameter("allowscriptaccess", "always") +
      "</object>";
    box.className = video.className;
    video.style.display = "none";
    // Ruffle puts an element of its own in the object's place: the box is what stays ours.
    video.parentNode.insertBefore(box, video);
    emit("path", { path: "flash", steps: [{ path: "flash", taken: true, reason: "there is Flash" }] });
    return {
      stats: function () {
        return stats;
      },
      destroy: function () {
        flashes[id - 1] = undefined;
        box.parentNode.removeChild(box);
        video.style.display = "";
        emit("ended", { reason: "destroyed" });
      }
    };
  }

  function problem(kind, code, fatal, message) {
    return { kind: kind, code: code, fatal: fatal, message: message };
  }

  function createPlayer(video, url, options) {
    var player;
    var over = false;
    var listeners = [];
    options = options || {};

    function emit(name, event) {
      var now = listeners.slice();
      for (var i = 0; i < now.length; i += 1) if (now[i].name === name) now[i].call(event);
    }
    function fail(message) {
      emit("error", problem("media", "browser-unsupported", true, message));
      emit("ended", { reason: "fatal" });
    }
    function start(failed) {
      if (over) return;
      if (failed) fail(failed);
      else if (modern) {
        player = modern(video, url, options);
        for (var i = 0; i < listeners.length; i += 1)
          listeners[i].remove = player.on(listeners[i].name, listeners[i].call);
      } else if (hasFlash()) player = openFlash(video, url, options, emit);
      else fail("this browser has neither modules nor Flash");
    }

    if (modern) start();
    else if ("noModule" in script) load(start);
    // Listeners that are added at once hear of it.
    else setTimeout(start, 0);

    return {
      on: function (name, call) {
        var entry = { name: name, call: call };
        listeners.push(entry);
        if (modern && player) entry.remove = player.on(name, call);
        return function () {
          if (entry.remove) entry.remove();
          entry.name = undefined;
        };
      },
      stats: function () {
        return player && player.stats();
      },
      destroy: function () {
        if (over) return;
        over = true;
        return player && player.destroy();
      }
    };
  }

  /** `<video data-sluice="/live/mine.flv" autoplay muted>` plays by itself, and has the player as `sluice`. */
  function scan() {
    var videos = document.querySelectorAll("video[data-sluice]");
    for (var i = 0; i < videos.length; i += 1) {
      var video = videos[i];
      if (video.sluice) continue;
      var options = { autoplay: video.hasAttribute("autoplay"), muted: video.hasAttribute("muted") };
      var transport = video.getAttribute("data-sluice-transport");
      if (transport) options.transport = transport;
      video.sluice = createPlayer(video, video.getAttribute("data-sluice"), options);
    }
  }

  window.Sluice = {
    createPlayer: createPlayer,
    scan: scan,
    /** The module's own. */
    loaded: function (create) {
      modern = create;
      settle();
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", scan);
  else scan();
})(window, document);
