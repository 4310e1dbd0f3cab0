//! What people write about the work, by kind of machine.

/// Title, cause, report.
pub(super) type Fault = [&'static str; 3];

/// What is said about one kind of machine.
pub(super) struct Phrases {
    pub(super) kind: &'static str,
    pub(super) faults: &'static [Fault],
    /// Title and report of the work that is done at intervals.
    pub(super) care: [&'static str; 2],
    /// Title and report of a change for the better.
    pub(super) better: [&'static str; 2],
}

pub(super) const PHRASES: [Phrases; 15] = [
    Phrases {
        kind: "convoyeur",
        faults: &[
            [
                "Bande déportée vers la gauche",
                "Rouleau de retour grippé",
                "Rouleau remplacé, bande recentrée et retendue.",
            ],
            [
                "Convoyeur arrêté en charge",
                "Motoréducteur en surchauffe",
                "Huile du réducteur vidangée, capot de ventilation dégagé.",
            ],
            [
                "Claquement à chaque tour de bande",
                "Agrafe de jonction arrachée",
                "Jonction refaite à chaud, deux heures de refroidissement.",
            ],
            ["Cellule de bourrage toujours active", "Réflecteur encrassé", "Réflecteur nettoyé, cellule réalignée."],
        ],
        care: ["Graissage et tension de bande", "Paliers graissés, tension contrôlée, racleurs réglés."],
        better: ["Pose d'un racleur à contrepoids", "Racleur monté en tête, encrassement nettement réduit."],
    },
    Phrases {
        kind: "presse",
        faults: &[
            [
                "Fuite d'huile sur le vérin principal",
                "Joint de tige usé",
                "Pochette de joints remplacée, niveau complété, essai sous 180 bars.",
            ],
            [
                "Coulisseau lent à la remontée",
                "Distributeur encrassé",
                "Distributeur démonté et rincé, filtre de retour changé.",
            ],
            [
                "Barrière immatérielle en défaut",
                "Câble d'émetteur pincé",
                "Câble remplacé et protégé, test de sécurité conforme.",
            ],
            ["Pression instable en fin de course", "Limiteur de pression déréglé", "Limiteur retaré et plombé."],
        ],
        care: ["Contrôle hydraulique et sécurités", "Flexibles vérifiés, huile analysée, arrêts d'urgence testés."],
        better: ["Ajout d'un manomètre numérique", "Manomètre posé en façade, seuil d'alerte réglé."],
    },
    Phrases {
        kind: "compresseur",
        faults: &[
            [
                "Arrêt sur température d'huile",
                "Radiateur colmaté par la poussière",
                "Radiateur soufflé, préfiltre ajouté à l'aspiration.",
            ],
            [
                "Pression de réseau insuffisante",
                "Clapet d'aspiration bloqué",
                "Clapet nettoyé et rodé, pression stable à 7,2 bars.",
            ],
            [
                "Huile dans l'air comprimé",
                "Séparateur d'huile percé",
                "Séparateur et joint remplacés, purge du réseau.",
            ],
            ["Eau dans les lignes pneumatiques", "Purgeur automatique bloqué", "Purgeur remplacé, points bas purgés."],
        ],
        care: ["Vidange et filtres du circuit d'air", "Huile, filtre à air et filtre à huile changés."],
        better: ["Recherche de fuites au réseau d'air", "Onze fuites repérées, neuf réparées dans la journée."],
    },
    Phrases {
        kind: "froid",
        faults: &[
            [
                "Température de chambre trop haute",
                "Évaporateur pris en glace",
                "Dégivrage forcé, résistance de bac remplacée.",
            ],
            [
                "Coupure haute pression",
                "Condenseur encrassé",
                "Ailettes nettoyées, ventilateur du condenseur remplacé.",
            ],
            [
                "Manque de fluide frigorigène",
                "Microfuite sur raccord flare",
                "Raccord refait, recherche à l'azote, complément de charge.",
            ],
            [
                "Compresseur frigorifique bruyant",
                "Silentblocs affaissés",
                "Silentblocs remplacés, tuyauteries recalées.",
            ],
        ],
        care: [
            "Contrôle d'étanchéité et relevés",
            "Aucune fuite détectée, surchauffe et sous-refroidissement corrects.",
        ],
        better: ["Variation de vitesse des ventilateurs", "Variateur posé, consommation mesurée en baisse."],
    },
    Phrases {
        kind: "electricite",
        faults: &[
            [
                "Disjoncteur général déclenché",
                "Défaut d'isolement d'un départ",
                "Départ isolé, câble remplacé, isolement mesuré conforme.",
            ],
            [
                "Échauffement anormal sur bornier",
                "Borne desserrée",
                "Bornes resserrées au couple, contrôle par thermographie.",
            ],
            ["Variateur en défaut surintensité", "Roulement du moteur dur", "Roulement remplacé, variateur réarmé."],
            [
                "Voyant de présence tension éteint",
                "Fusible de commande fondu",
                "Fusible remplacé, relais en court-circuit changé.",
            ],
        ],
        care: ["Thermographie et resserrage", "Aucun point chaud, connexions resserrées, filtres d'armoire changés."],
        better: ["Pose d'une centrale de mesure", "Centrale raccordée, relevés visibles au poste de garde."],
    },
    Phrases {
        kind: "automatisme",
        faults: &[
            [
                "Automate passé en arrêt",
                "Alimentation 24 V affaissée",
                "Alimentation remplacée, programme rechargé et vérifié.",
            ],
            ["Perte de communication du réseau", "Connecteur oxydé", "Connecteur refait, blindage repris à la masse."],
            ["Mesure de température aberrante", "Sonde coupée", "Sonde remplacée, échelle contrôlée à deux points."],
            ["Écran opérateur figé", "Carte mémoire saturée", "Historique purgé, carte remplacée."],
        ],
        care: [
            "Sauvegarde des programmes et piles",
            "Programmes sauvegardés, pile remplacée, horloge remise à l'heure.",
        ],
        better: ["Ajout d'une alarme de dérive", "Alarme programmée et expliquée aux conducteurs."],
    },
    Phrases {
        kind: "pompe",
        faults: &[
            [
                "Fuite à la garniture mécanique",
                "Marche à sec prolongée",
                "Garniture remplacée, détecteur de manque d'eau réglé.",
            ],
            ["Débit en chute", "Roue obstruée", "Volute ouverte, corps étranger retiré, roue contrôlée."],
            ["Vibrations à l'accouplement", "Défaut d'alignement", "Alignement au laser, flector remplacé."],
            [
                "Moteur de pompe en surcharge",
                "Roulement côté commande usé",
                "Roulements remplacés, intensité revenue à la normale.",
            ],
        ],
        care: ["Contrôle des vibrations et graissage", "Vibrations dans la norme, roulements graissés."],
        better: ["Pose d'un détecteur de marche à sec", "Détecteur raccordé et testé vanne fermée."],
    },
    Phrases {
        kind: "robot",
        faults: &[
            [
                "Perte de référence de l'axe 4",
                "Batterie de codeur faible",
                "Batteries remplacées, calibration refaite.",
            ],
            [
                "Ventouses qui lâchent la charge",
                "Générateur de vide encrassé",
                "Silencieux changé, six ventouses remplacées.",
            ],
            [
                "Collision avec un carton mal posé",
                "Guide latéral déréglé",
                "Guide repositionné, trajectoire vérifiée à vitesse réduite.",
            ],
            [
                "Porte de cellule non détectée",
                "Interrupteur de sécurité usé",
                "Interrupteur remplacé, chaîne de sécurité validée.",
            ],
        ],
        care: ["Graissage des axes et contrôle des freins", "Axes graissés, freins testés, sauvegarde faite."],
        better: ["Optimisation du cycle de palettisation", "Trajectoires reprises, onze secondes gagnées par couche."],
    },
    Phrases {
        kind: "ventilation",
        faults: &[
            ["Extraction trop faible", "Courroie détendue", "Courroies remplacées par paire et alignées."],
            [
                "Bruit de frottement à la volute",
                "Turbine déséquilibrée par les dépôts",
                "Turbine nettoyée et équilibrée sur place.",
            ],
            [
                "Ventilateur à l'arrêt",
                "Relais thermique déclenché",
                "Palier sec graissé, relais réglé à l'intensité nominale.",
            ],
        ],
        care: ["Changement des filtres et courroies", "Filtres changés, courroies retendues, débit relevé."],
        better: ["Commande selon la qualité de l'air", "Sonde posée, régime réduit la nuit."],
    },
    Phrases {
        kind: "chaudiere",
        faults: &[
            [
                "Mise en sécurité du brûleur",
                "Cellule de flamme encrassée",
                "Cellule nettoyée, électrodes réglées, trois démarrages réussis.",
            ],
            ["Niveau d'eau trop bas", "Électrode de niveau entartrée", "Électrode détartrée, purge de fond effectuée."],
            ["Fuite de vapeur sur une bride", "Joint de bride brûlé", "Joint graphite remplacé, serrage en croix."],
            [
                "Pression de vapeur instable",
                "Détendeur encrassé",
                "Détendeur démonté et nettoyé, consigne tenue à 8 bars.",
            ],
        ],
        care: ["Contrôle de combustion et sécurités", "Rendement relevé, soupapes essayées, traitement d'eau vérifié."],
        better: ["Calorifugeage des brides", "Matelas posés sur douze brides, température de local en baisse."],
    },
    Phrases {
        kind: "textile",
        faults: &[
            ["Casses de trame répétées", "Ciseau émoussé", "Ciseau remplacé, pression des buses ajustée."],
            ["Lisière lâche", "Fil de tour mal tendu", "Tendeur remplacé, réglage validé sur vingt mètres."],
            ["Arrêt machine sur casse-chaîne", "Lamelles encrassées de duvet", "Rampe soufflée, lamelles remplacées."],
            [
                "Dérouleur qui ne recharge plus",
                "Capteur de réserve empoussiéré",
                "Capteur nettoyé, sensibilité réglée.",
            ],
        ],
        care: [
            "Nettoyage, graissage et réglage de la nappe",
            "Machine soufflée, cames graissées, croisement contrôlé.",
        ],
        better: ["Aspiration de duvet à la source", "Buse posée, arrêts pour duvet divisés par deux."],
    },
    Phrases {
        kind: "sertissage",
        faults: &[
            [
                "Hauteur de sertissage hors tolérance",
                "Enclume usée",
                "Enclume et poinçon remplacés, cinq coupes conformes.",
            ],
            ["Bourrage de bande porteuse", "Doigt d'avance déréglé", "Doigt réglé, avance contrôlée au pas."],
            ["Force de sertissage instable", "Capteur de force desserré", "Capteur remonté au couple et étalonné."],
            ["Fil mal dénudé", "Lames de dénudage ébréchées", "Jeu de lames remplacé, profondeur réglée."],
        ],
        care: ["Étalonnage et changement d'outils", "Capteur étalonné, outils changés selon compteur."],
        better: ["Bac de récupération des chutes", "Bac posé, sol dégagé autour du poste."],
    },
    Phrases {
        kind: "autoclave",
        faults: &[
            [
                "Barème de stérilisation non tenu",
                "Vanne de vapeur dure",
                "Garniture de vanne remplacée, positionneur étalonné.",
            ],
            [
                "Joint de porte fuyard",
                "Joint durci par la chaleur",
                "Joint remplacé, portée nettoyée, essai en pression conforme.",
            ],
            ["Écart entre sonde et enregistreur", "Sonde dérivée", "Sonde remplacée et comparée à l'étalon."],
        ],
        care: [
            "Essai des soupapes et verrouillages",
            "Soupapes essayées, verrouillage de porte testé, sondes comparées.",
        ],
        better: ["Récupération de l'eau de refroidissement", "Bac raccordé, consommation d'eau mesurée en baisse."],
    },
    Phrases {
        kind: "moteur",
        faults: &[
            [
                "Échauffement du moteur",
                "Ventilateur de carter cassé",
                "Ventilateur remplacé, température stabilisée à 62 °C.",
            ],
            ["Bruit de roulement", "Graisse brûlée", "Roulements remplacés, arbre contrôlé au comparateur."],
            ["Fuite d'huile au réducteur", "Joint à lèvre usé", "Joint remplacé, niveau complété."],
            ["Déclenchement thermique répété", "Phase mal serrée", "Cosse refaite, intensités équilibrées."],
        ],
        care: ["Mesure d'isolement et graissage", "Isolement conforme, roulements graissés."],
        better: ["Remplacement par un moteur IE4", "Moteur posé et aligné, intensité mesurée en baisse."],
    },
    Phrases {
        kind: "vanne",
        faults: &[
            ["Vanne qui n'atteint pas sa consigne", "Positionneur déréglé", "Positionneur étalonné en cinq points."],
            ["Fuite au presse-étoupe", "Tresse usée", "Tresse remplacée, serrage contrôlé à chaud."],
            ["Vanne bloquée ouverte", "Membrane d'actionneur percée", "Membrane remplacée, course vérifiée."],
        ],
        care: ["Étalonnage du positionneur", "Course et fuite interne contrôlées."],
        better: ["Recopie de position au pupitre", "Recopie câblée et affichée."],
    },
];

/// How a fault was noticed.
pub(super) const NOTICED: [&str; 8] = [
    "Signalé par l'équipe du matin.",
    "Constaté pendant la ronde.",
    "Se répète depuis deux postes.",
    "La production tourne en mode dégradé.",
    "Vu au changement de série.",
    "Le conducteur a arrêté la machine par précaution.",
    "Alarme présente au pupitre.",
    "Apparu après le nettoyage.",
];

/// How a report ends.
pub(super) const ENDINGS: [&str; 7] = [
    "Essais concluants avec le chef d'équipe.",
    "Machine rendue à la production.",
    "Pièce sortie du magasin, stock à recompléter.",
    "À surveiller pendant une semaine.",
    "Zone nettoyée, consignation levée.",
    "Photo jointe au carnet de bord.",
    "Rien d'autre à signaler.",
];

/// Why work is interrupted.
pub(super) const PAUSES: [&str; 6] = [
    "Pièce en commande chez le fournisseur.",
    "La ligne doit tourner jusqu'à la fin de la commande.",
    "Attente de la nacelle.",
    "Outillage prêté à l'autre atelier.",
    "Attente du feu vert du service sécurité.",
    "Pièce reçue non conforme, échange demandé.",
];

/// Why work is given up.
pub(super) const CANCELLED: [&str; 5] = [
    "Doublon d'une demande déjà traitée.",
    "Défaut disparu, non reproduit.",
    "Reporté au prochain arrêt annuel.",
    "La machine n'est plus utilisée pour cette série.",
    "Pris en charge par le constructeur sous garantie.",
];

/// Why closed work is taken up again.
pub(super) const REOPENED: [&str; 3] =
    ["Le défaut est revenu au redémarrage.", "Essai en charge non fait.", "Fuite encore visible le lendemain."];

/// What staff say among themselves.
pub(super) const INTERNAL: [&str; 5] = [
    "Prévoir deux personnes et le palan.",
    "Même panne que le mois dernier, voir avec les méthodes.",
    "Devis du fournisseur reçu, à valider.",
    "Accès difficile, prévenir le chef de ligne.",
    "Pièce au magasin, casier B12.",
];

/// What a customer asks or says.
pub(super) const ASKED: [&str; 4] = [
    "Pouvez-vous passer avant la fin du poste ?",
    "Le défaut est plus fréquent depuis ce matin.",
    "L'accès est libre à partir de 14 h.",
    "Merci de prévenir avant l'arrêt de la ligne.",
];

/// Why work goes to somebody else.
pub(super) const HANDED_OVER: [&str; 3] =
    ["Technicien en congé.", "Charge trop forte cette semaine.", "Spécialiste demandé."];

/// What is said about a kind of machine.
pub(super) fn of(kind: &str) -> Option<&'static Phrases> {
    PHRASES.iter().find(|phrases| phrases.kind == kind)
}
