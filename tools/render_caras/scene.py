"""The studio: a Blender scene of one head, lit and photographed by Cycles on the processor.

``bpy`` is Blender as a Python module (GPL-3.0-or-later); nothing but this file imports it.
"""

import math
import os
import tempfile
from functools import cache
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from helpers.faces import PLACES
from tools.render_caras import hair, mesh
from tools.render_caras.mesh import LOWEST, rotation

SIZE = 104  # pixels of a picture's side
SAMPLES = 5
MARGIN = 1.25  # of what is rendered around the 64 pixels that are kept
TO_BLENDER = 0.1 * np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # v @ this: metres, z up
AXES = 10 * TO_BLENDER.T
PLAIN = {  # the materials of one colour
    "teeth": {"Base_Color": (0.74, 0.66, 0.57, 1), "Roughness": 0.35},
    "frame": {"Base_Color": (0.03, 0.02, 0.015, 1), "Roughness": 0.25},
    "lens": {"Base_Color": (0.01, 0.01, 0.01, 1), "Roughness": 0.4},
    "lashes": {"Base_Color": (0.01, 0.008, 0.006, 1), "Roughness": 1.0, "Alpha": 0.55},
}
HAIR_RADIUS = {"hair": 0.00042, "brows": 0.00018, "beard": 0.00018}


def material(name, inputs, shader="BsdfPrincipled", painted=False):
    """Return a material of one shader; if ``painted``, of the colour that the vertices have."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    node = tree.nodes.new(f"ShaderNode{shader}")
    node.name = "shader"
    if painted:
        colour = tree.nodes.new("ShaderNodeAttribute")
        colour.attribute_name = "colour"
        tree.links.new(colour.outputs["Color"], node.inputs["Base Color"])
    out = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(node.outputs[0], out.inputs["Surface"])
    tune(made, **inputs)
    return made


def tune(material, **inputs):
    """Set inputs of a material's shader, named with _ for each space."""
    for key, value in inputs.items():
        material.node_tree.nodes["shader"].inputs[key.replace("_", " ")].default_value = value


def colour(data, colours):
    """Give the vertices of a mesh their colours (k, 3)."""
    layer = data.attributes.get("colour") or data.attributes.new("colour", "FLOAT_VECTOR", "POINT")
    layer.data.foreach_set("vector", colours.astype(np.float32).ravel())


class Studio:
    """One scene in which one person after another is photographed."""

    def __init__(self, head):
        self.head = head
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = self.scene = bpy.context.scene
        scene.render.engine = "CYCLES"
        scene.render.resolution_x = scene.render.resolution_y = SIZE
        scene.render.film_transparent = True
        scene.render.use_persistent_data = True
        scene.render.threads_mode, scene.render.threads = "FIXED", 1
        scene.render.image_settings.file_format = "OPEN_EXR"
        scene.render.image_settings.color_mode = "RGBA"
        cycles = scene.cycles
        cycles.device, cycles.samples, cycles.use_denoising = "CPU", SAMPLES, True
        cycles.use_adaptive_sampling, cycles.denoising_prefilter = False, "FAST"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 3, 2
        scene.cycles_curves.shape = "RIBBONS"
        scene.world = bpy.data.worlds.new("world")
        scene.world.use_nodes = True
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(scene.camera)
        scene.camera.rotation_euler = math.pi / 2, 0, 0
        scene.camera.data.sensor_width, scene.camera.data.clip_start = 36, 0.05

        skin = {"Roughness": 0.45, "Specular_IOR_Level": 0.4, "Subsurface_Weight": 0.1}
        skin |= {"Subsurface_Scale": 0.006, "Subsurface_Radius": (1.0, 0.35, 0.2)}
        strand = {"Roughness": 0.4, "Random_Roughness": 0.2}
        self.materials = {
            "skin": material("skin", skin, painted=True),
            "eye": material("eye", {"Roughness": 0.1, "Coat_Weight": 0.6}, painted=True),
            **{name: material(name, strand, "BsdfHairPrincipled") for name in HAIR_RADIUS},
            **{name: material(name, inputs) for name, inputs in PLAIN.items()},
        }
        self.skin, skin_faces = head.part("body", above=LOWEST)
        self.tri = np.array(skin_faces)[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
        self.body = self.add("body", head.base[self.skin], skin_faces, "skin")
        self.body.modifiers.new("smooth", "SUBSURF").render_levels = 1
        self.parts = []  # vertices and object of what moves with the skin
        for name, groups in mesh.PARTS.items():
            vertices, faces = head.part(*groups)
            self.parts.append((vertices, self.add(name, head.base[vertices], faces, name)))
        bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=48, radius=1)
        ball = bpy.context.object.data
        ball.shade_smooth()
        ball.materials.append(self.materials["eye"])
        self.eyes = [bpy.context.object, self.link("eye", ball)]
        self.passing = []  # what is made anew for each photograph

    def add(self, name, points, faces, material):
        """Link a smooth mesh of points (n, 3) in the head's axes, and return the object."""
        data = bpy.data.meshes.new(name)
        data.from_pydata((points @ TO_BLENDER).tolist(), [], faces)
        data.shade_smooth()
        data.materials.append(self.materials[material])
        return self.link(name, data)

    def link(self, name, data):
        thing = bpy.data.objects.new(name, data)
        self.scene.collection.objects.link(thing)
        return thing

    def put(self, thing, points):
        thing.data.vertices.foreach_set("co", (points @ TO_BLENDER).astype(np.float32).ravel())
        thing.data.update()

    def receive(self, person):
        """Make the next person ready: colours, regions of the skin, hair."""
        head, self.person = self.head, person
        self.rest = head.shape(person)
        colour(self.body.data, head.complexion(person)[self.skin])
        ball = self.eyes[0].data
        points = np.array([vertex.co for vertex in ball.vertices])
        colour(ball, mesh.eye_colours(points @ AXES, person.iris))
        for name in HAIR_RADIUS:
            tune(self.materials[name], Color=(*person.hair * (0.4 if name == "brows" else 1), 1))
        middle = np.mean([centre for centre, _ in head.eyes(self.rest)], axis=0)
        skin = hair.Skin(head.base, self.rest, self.skin[self.tri], self.skin, middle, person.seed)
        self.strands = {
            "hair": hair.head_of_hair(skin, person, head.scalp(person)),
            "brows": hair.brows(skin, person),
            "beard": hair.beard(skin, person, head.regions),
        }

    def shoot(self, photo):
        """Return ``render``'s light, landmarks (5, 2) in its pixels, and ``Head.mouth``."""
        head = self.head
        v = head.express(self.rest, self.person, photo.expression)
        R = rotation(photo.yaw, photo.pitch, photo.tilt)
        turned = self.pose(v, R, photo)
        calm = head.turn(self.rest, R, self.rest)
        points = head.landmarks(turned, calm, R) @ TO_BLENDER
        landmarks = self.aim(points, photo)
        self.light(photo, points.mean(0))
        light = self.render()
        bpy.data.batch_remove([*(thing.data for thing in self.passing), *self.passing])
        self.passing = []
        return light, landmarks, head.mouth(v, self.rest)

    def pose(self, v, R, photo):
        """Put everything in its place; return the vertices (n, 3) of the turned head."""
        head = self.head
        turned = head.turn(v, R, self.rest)
        self.put(self.body, turned[self.skin])
        for vertices, thing in self.parts:
            self.put(thing, turned[vertices])
        for eye, (centre, radius) in zip(self.eyes, head.eyes(turned)):
            turn = Matrix((AXES @ R @ rotation(*photo.gaze, 0) @ AXES.T).tolist()).to_4x4()
            place, size = Matrix.Translation(centre @ TO_BLENDER), Matrix.Scale(0.1 * radius, 4)
            eye.matrix_world = place @ turn @ size
        if self.person.glasses:
            *_, rim, dark = self.person.glasses
            rims, arms = mesh.spectacles(head, v, self.person.glasses)
            self.curves("frame", rims + arms, R, 0.1 * rim, 0.1 * rim)
            for lens in rims if dark else ():
                lens = mesh.rigidly(lens, R, self.rest)
                self.passing.append(self.add("lens", lens, [range(len(lens))], "lens"))
        for name, strands in self.strands.items():
            if strands is not None and len(strands.points):
                root = HAIR_RADIUS[name]
                self.curves(name, strands.move(self.rest, v), R, root, 0.35 * root)
        return turned

    def curves(self, name, paths, R, root, tip):
        """Link hairs or wires, paths (k, 3), turned by ``R``; their radii in metres."""
        data = bpy.data.hair_curves.new(name)
        data.add_curves([len(path) for path in paths])
        points = mesh.rigidly(np.concatenate(paths), R, self.rest) @ TO_BLENDER
        data.position_data.foreach_set("vector", points.astype(np.float32).ravel())
        radii = np.concatenate([np.linspace(root, tip, len(path)) for path in paths])
        thickness = data.attributes.new("radius", "FLOAT", "POINT").data
        thickness.foreach_set("value", radii.astype(np.float32))
        data.materials.append(self.materials[name])
        self.passing.append(self.link(name, data))

    def aim(self, points, photo):
        """Point the camera at the landmarks (5, 3); return their pixels (5, 2), y down."""
        flat = points[:, [0, 2]] * (1, -1)
        centred = PLACES - PLACES.mean(0)
        pixel = np.linalg.norm(flat - flat.mean(0)) / np.linalg.norm(centred)  # one of the 64
        x, y = flat.mean(0) + pixel * (32 - PLACES.mean(0))
        distance, width, depth = photo.distance, MARGIN * 64 * pixel, points[:, 1].mean()
        camera = self.scene.camera
        camera.location = x, depth - distance, -y
        camera.data.lens = 36 * distance / width
        scale = SIZE * distance / width / (points[:, 1] - depth + distance)
        return (flat - (x, y)) * scale[:, None] + SIZE / 2

    def light(self, photo, face):
        for lamp in photo.lights:
            data = bpy.data.lights.new("lamp", "AREA")
            data.energy, data.color, data.size = 40 * lamp.power, lamp.colour, lamp.size
            az, el = lamp.azimuth, lamp.elevation
            away = Vector((math.sin(az) * math.cos(el), -math.cos(az) * math.cos(el), math.sin(el)))
            thing = self.link("lamp", data)
            thing.location = Vector(face) + 1.3 * away
            thing.rotation_euler = away.to_track_quat("Z", "Y").to_euler()
            self.passing.append(thing)
        sky = self.scene.world.node_tree.nodes["Background"]
        sky.inputs[0].default_value = (*photo.ambient, 1)

    def render(self):
        """Return what the camera sees, (h, w, 4) float32: linear RGB times coverage, coverage."""
        path = Path(tempfile.gettempdir()) / f"render_caras_{os.getpid()}.exr"
        self.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        picture = bpy.data.images.load(str(path))
        values = np.empty(SIZE * SIZE * 4, np.float32)
        picture.pixels.foreach_get(values)
        bpy.data.images.remove(picture)
        path.unlink()
        return values.reshape(SIZE, SIZE, 4)[::-1]


@cache
def studio(folder):
    """Return a worker's studio; Blender's chatter goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return Studio(mesh.Head(folder))
